// SPDX-License-Identifier: Apache-2.0
#include <taut/embed/self_test.hpp>
#include <taut/inference.hpp>

#include "support/catch.hpp"

using namespace taut;

namespace {

struct Net : decltype(Input<2> >> Linear<2>) {};
constexpr auto run = [] {
  parameters<Net> p;
  get<0>(p).weight = {1, 2, 3, 4};
  get<0>(p).bias = {0, -11};
  return compile<float32<simd::scalar>>(p);
}();
constexpr float inputs[2][2] = {{1, 0}, {1, 2}};

static_assert(reproduces<run>(inputs, {{1, -8}, {5, 0}}));
static_assert(!reproduces<run>(inputs, {{1, -8}, {5, -0.0f}}));
static_assert(!reproduces<run>(inputs, {{1, -8}, {5.0000005f, 0}}));

}  // namespace

TEST_CASE("embed.self_test: at run time, too") { CHECK(reproduces<run>(inputs, {{1, -8}, {5, 0}})); }
