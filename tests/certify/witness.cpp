// SPDX-License-Identifier: Apache-2.0
// A witness is checked, in constant expressions and at run time, and believed in nothing.
#include <taut/inference.hpp>

#include "laws/support.hpp"
#include "support/catch.hpp"

namespace {

using namespace taut;
using namespace taut::tests;

struct net : decltype(Input<4> >> Linear<4> >> LN(min_std<0.25>) >> ReLU >> Linear<3>) {};
constexpr parameters<net> by_hand = [] {
  parameters<net> p{};
  for (std::size_t i = 0; i < 4; ++i) get<0>(p).weight[i * 5] = 2;  // 2 I
  for (std::size_t i = 0; i < 3; ++i) get<3>(p).weight[i * 5] = 1;  // a part of I
  return p;
}();

// 2 / 0.25 = 8 is the product; one multiplier for the sphere, four for ReLU
constexpr witness<net> claim(double value, double sphere) {
  return {{tactic::semidefinite}, {value}, {sphere, 1, 1, 1, 1}};
}
static_assert(witness<net>::chains == 1 && witness<net>::multipliers == 5);
static_assert(verify(by_hand, claim(8, 1)).value >= 8 && verify(by_hand, claim(8, 1)).value < 8.0000001);
static_assert(verify(by_hand, claim(8, 1)).formula.view() == "semidefinite(0 .. 3)");
static_assert(verify(by_hand, claim(7, 1)).value == rounded::infinity);
static_assert(verify(by_hand, witness<net>{}).value < 8 && verify(by_hand, witness<net>{}).value > 7.999);

struct two_chains : decltype(Input<2, 8> >> Conv1d<4, 3> >> ReLU >> MaxPool<2> >> Flatten >> Linear<6> >> Tanh) {};

}  // namespace

TEST_CASE("certify.witness: the bound of several chains is their product, and names what was used") {
  const auto p = random_parameters<two_chains>(3);
  witness<two_chains> w;
  const double product = verify(p, w).value;
  CHECK(product == Approx(lipschitz_of(p).value).epsilon(1e-5));
  CHECK(verify(p, w).formula.view() == "product(0 .. 1) * product(4 .. 5)");
  CHECK(verify(p, w).method == "product");
  w.tactics[1] = tactic::absolute;
  CHECK(verify(p, w).formula.view() == "product(0 .. 1) * absolute(4 .. 5)");
  CHECK(verify(p, w).method == "each chain by its best tactic");
  w.tactics[0] = tactic::rescaled;  // the scales are 0
  CHECK_FALSE(rounded::is_finite(verify(p, w).value));
  w.multiplier.fill(1);
  CHECK(rounded::is_finite(verify(p, w).value));
}

TEST_CASE("certify.witness: changed weights break the proof of a claim") {
  auto p = by_hand;
  CHECK(rounded::is_finite(verify(p, claim(8, 1)).value));
  get<0>(p).weight[0] = 2.5f;
  CHECK_FALSE(rounded::is_finite(verify(p, claim(8, 1)).value));
}
