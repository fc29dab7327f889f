// SPDX-License-Identifier: Apache-2.0
#include <taut/engine/quantized.hpp>
#include <taut/inference.hpp>

#include "support/catch.hpp"

using namespace taut;

namespace {

struct Chain : decltype(Input<6> >> Linear<5> >> BN >> ReLU >> Linear<4> >> LN >> Tanh >> Linear<3>) {};
struct Windows : decltype(Input<2, 8> >> Conv1d<4, 3> >> ReLU >> Flatten >> Linear<3>) {};
struct Groups : decltype(Input<6> >> Linear<4> >> GN<2> >> Linear<3>) {};

static_assert(engine_plan::fits_bytes<Chain>() && !engine_plan::fits_bytes<Windows>() &&
              !engine_plan::fits_bytes<Groups>());
// the float plan owes the scale of some stage; bytes never do
static_assert(engine_plan::byte_plan_of<Chain>.count == 3);
static_assert(engine_plan::byte_plan_of<Chain>.at[1].scale.scale == engine_plan::scheme::applied);
static_assert(engine_plan::byte_plan_of<Chain>.at[0].scale.scale == engine_plan::scheme::none);

}  // namespace

TEST_CASE("engine.quantized: each stage has the arrays of its shape") {
  quantized<Chain> q;
  std::size_t arrays = 0, bytes = 0;
  base::for_each_index<quantized<Chain>::stages>([&]<std::size_t S>() {
    std::get<S>(q.stage).arrays(std::get<S>(q.stage), [&](const char*, const auto& array) {
      ++arrays;
      bytes += sizeof array[0] * array.size();
    });
  });
  CHECK(arrays == 3 + 5 + 3);
  CHECK(bytes == (30 + 20 + 12) + 4 * (5 + 4 + 3) + 4 * (5 + 4 + 3) + 2 * 4 * 4);
}
