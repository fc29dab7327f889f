// SPDX-License-Identifier: Apache-2.0
#include <bit>
#include <taut/embed/from_words.hpp>
#include <taut/embed/packed_text.hpp>
#include <taut/layers/conv1d.hpp>
#include <taut/layers/flatten.hpp>
#include <taut/layers/group_norm.hpp>
#include <taut/layers/layer_norm.hpp>
#include <taut/layers/linear.hpp>
#include <taut/layers/relu.hpp>
#include <taut/layers/softmax.hpp>
#include <taut/net/parameters.hpp>
#include <vector>

#include "support/catch.hpp"

namespace {

using namespace taut;
using scalar_arithmetic = float32<simd::scalar>;

struct pair {
  float a;
  std::uint32_t b;
};
constexpr std::uint32_t words[2] = {0x40490fdb, 7};
static_assert(from_words<pair>(words).a == 0x1.921fb6p1f && from_words<pair>(words).b == 7);

// Stages of all sorts
struct Mixed
    : decltype(Input<2, 6> >> Conv1d<3, 2> >> ReLU >> Flatten >> LN >> Linear<8> >> GN<2> >> Softmax >> Linear<4>) {};

}  // namespace

TEST_CASE("embed.from_words: the words of an engine are that engine") {
  using engine_type = engine<Mixed, scalar_arithmetic>;
  parameters<Mixed> p;
  initialise(p, 1);
  engine_type run;
  compile(p, run);
  const std::vector<std::uint32_t> written = exported::words_of(run);
  std::uint32_t array[sizeof(engine_type) / 4];
  REQUIRE(written.size() == std::size(array));
  std::ranges::copy(written, array);
  const auto again = from_words<engine_type>(array);
  std::vector<float> x(12);
  for (std::size_t i = 0; i < 12; ++i) x[i] = static_cast<float>(i) - 5;
  CHECK(again(x) == run(x));
  array[0] ^= 0x400000;
  CHECK(from_words<engine_type>(array)(x) != run(x));
}
