// SPDX-License-Identifier: Apache-2.0
// The facts of a network.
#include <taut/inference.hpp>

#include "support/catch.hpp"

namespace {

using namespace taut;

struct digits : decltype(Input<64> >> Linear<32>(at_most<2.0>) >> LN(min_std<0.25>, gain_at_most<1.0>) >> ReLU >>
                         Linear<10>(at_most<2.0>)) {};
static_assert(digits::parameter_count == 2474 && digits::depth == 4);
static_assert(digits::input_size == 64 && digits::output_size == 10 && digits::output == shape{10});
static_assert(digits::shapes.size() == 5 && digits::shapes[0] == shape{64} && digits::shapes[2] == shape{32});
static_assert(std::same_as<layer_of<digits, 2>, layer::relu>);
static_assert(Network<digits> && Network<digits::normal_form> && !Network<layer::relu> && !Network<int>);

struct lean : decltype(Input<3, 8, 8> >> LN(no_affine) >> ReLU) {};
static_assert(lean::parameter_count == 0 && lean::output == shape{3, 8, 8} && lean::input_size == 192);
struct unbiased : decltype(Input<5> >> Linear<7>(no_bias)) {};
static_assert(unbiased::parameter_count == 35);

// the question without the error
static_assert(fits<digits, decltype(Linear<10, 4>)> && fits<digits, decltype(Linear<4>)> && fits<digits, layer::relu>);
static_assert(!fits<digits, decltype(Linear<11, 4>)> && !fits<lean, decltype(Linear<4>)>);
static_assert(!fits<digits, int> && !fits<digits, layer_base> && !fits<digits, decltype(Input<10>)>);
static_assert(!fits<digits, decltype(Linear<4> >> ReLU)>);  // a sequence is no layer

}  // namespace

TEST_CASE("net.network: trainable elements are what the tensors hold") {
  const parameters<digits> p{};
  std::size_t elements = 0;
  for_each_tensor(p, [&](std::string_view, shape extents, auto span) {
    CHECK(extents.size() == span.size());
    elements += span.size();
  });
  CHECK(elements == digits::parameter_count);
}
