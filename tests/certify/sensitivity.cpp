// SPDX-License-Identifier: Apache-2.0
// Numbers that may wait for a declaration, and the walk that carries them; the attack is in parameter_lipschitz.cpp.
#include <taut/inference.hpp>

#include "support/catch.hpp"

namespace {

using namespace taut;
using certificates::root_of_squares;
using certificates::stated;

constexpr stated two{2}, nothing{}, unknown{0, true, 3, "at_most<c>"};
static_assert(sum(two, two).value == 4 && sum(two, unknown).open && sum(unknown, nothing).layer == 3);
static_assert(product(two, two).value == 4 && product(two, unknown).open);
static_assert(product(nothing, unknown).vanishes() && product(unknown, nothing).vanishes());  // not needed: not asked
static_assert(smaller(two, unknown).value == 2 && smaller(unknown, two).value == 2 && smaller(unknown, unknown).open);
static_assert(root_of_squares({3}, {4}).value >= 5 && root_of_squares({3}, {4}).value <= 5 + 1e-14);
static_assert(root_of_squares(nothing, two).value == 2 && root_of_squares(two, unknown).open);
static_assert(root_of_squares(unknown, nothing).open && root_of_squares({1e300}, {1e300}).value <= 1.4142135624e300);
static_assert(root_of_squares({rounded::infinity}, two).value == rounded::infinity);

template <class Net> constexpr stated declared(double input_norm) {
  return certificates::sensitivity_of<Net>(certificates::declared_quantities<Net>{}, {input_norm}).parameters;
}
struct open_norm : decltype(Input<3> >> Linear<3>(no_bias) >> ReLU >> Linear<3>(no_bias)) {};
static_assert(declared<open_norm>(1).open && declared<open_norm>(1).layer == 0);
// the norm of the first layer is not asked: layer norm forgets it; its own offset is, by the last weight
struct open_offset : decltype(Input<3> >> Linear<3> >> LN(gain_at_most<1.0>) >> Linear<3>(at_most<1.0>)) {};
static_assert(declared<open_offset>(1).open && declared<open_offset>(1).layer == 1);
struct open_block : decltype(Input<3> >> ReLU >> Residual(Linear<3>(no_bias) >> Linear<3>)) {};
static_assert(declared<open_block>(1).open && declared<open_block>(1).layer == 1);
// a range closes what was open before it
struct bounded : decltype(Input<3> >> Linear<3>(at_most<1.0>) >> Tanh >> Linear<2>(at_most<1.0>)) {};
static_assert(!declared<bounded>(1).open && declared<bounded>(1).value >= 2.4494 &&
              declared<bounded>(1).value < 2.4496);

// the compiler walks weights as well
constexpr parameters<bounded> by_hand = [] {
  parameters<bounded> p{};
  for (std::size_t i = 0; i < 3; ++i) get<0>(p).weight[i * 4] = 1;
  for (std::size_t i = 0; i < 2; ++i) get<2>(p).weight[i * 4] = 0.5f;
  return p;
}();
static_assert(parameter_lipschitz_of(by_hand, {.input_norm = 1}).value < 1.582);  // sqrt(1/2 + 2)
static_assert(parameter_lipschitz_of(by_hand, {.input_norm = 1, .radius = 1}).value > 1.582);

}  // namespace

TEST_CASE("certify.sensitivity: the share of each layer adds up to the whole") {
  const auto s = certificates::sensitivity_of<bounded>(certificates::quantities_near<bounded, float>{by_hand}, {1});
  CHECK(s.of_layer(0) == Approx(0.5 * std::sqrt(2)));  // 0.5 sqrt(1 + 1)
  CHECK(s.of_layer(1) == 0);
  CHECK(s.of_layer(2) == Approx(std::sqrt(2)));  // sqrt(reach^2 + 1), reach 1
  CHECK(s.parameters.value == Approx(std::hypot(s.of_layer(0), s.of_layer(2))));
  CHECK(s.input.value == Approx(0.5));
  CHECK(s.reach.value == Approx(0.5));
}
