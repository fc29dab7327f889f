// SPDX-License-Identifier: Apache-2.0
// The proved number: constant expressions, exact cases, text, never worse than what the type declares.
#include <taut/inference.hpp>

#include "laws/support.hpp"
#include "support/catch.hpp"

namespace {

using namespace taut;
using namespace taut::tests;

struct net : decltype(Input<4> >> Linear<4>(at_most<2.0>) >> LN(min_std<0.25>, gain_at_most<1.5>) >> ReLU >>
                      Linear<3>(at_most<2.0>)) {};

constexpr parameters<net> by_hand = [] {
  parameters<net> p{};
  for (std::size_t i = 0; i < 4; ++i) get<0>(p).weight[i * 5] = 2;  // 2 I
  for (std::size_t i = 0; i < 3; ++i) get<3>(p).weight[i * 5] = 1;  // a part of I
  return p;
}();
// ||P 2I|| = 2, 1 / sqrt(0.25^2 + 1e-5), ||diag(1) P|| = 1, 1
static_assert(lipschitz_of(by_hand).value >= 7.9993 && lipschitz_of(by_hand).value <= 7.9995);
static_assert(lipschitz_of(by_hand).formula.view() == "norm(P W0) * norm(G1 P) / sqrt(std1^2 + 1e-05) * norm(W3)");
static_assert(lipschitz_of(parameters<net_of<shape{3}, layer::relu>>{}).formula.view() == "1");
static_assert(lipschitz_of(parameters<net_of<shape{3}, layer::relu>>{}).value == 1);

// a sum keeps its brackets in the product
struct around : decltype(Input<4> >> Linear<4>(no_bias) >> Residual(ReLU) >> Linear<2>(no_bias)) {};
static_assert(lipschitz_of(parameters<around>{}).formula.view() == "norm(W0) * 2 * norm(W2)");
struct around_weights : decltype(Input<4> >> Residual(Linear<4>(no_bias)) >> Linear<2>(no_bias)) {};
static_assert(lipschitz_of(parameters<around_weights>{}).formula.view() == "(norm(W0.0) + 1) * norm(W1)");

// a network of the size that the issue of headers needs: 32 x 64, proved by the compiler
struct digits : decltype(Input<64> >> Linear<32> >> LN(min_std<0.25>) >> ReLU >> Linear<10>) {};
constexpr parameters<digits> drawn = [] {
  parameters<digits> p{};
  initialise(p, 1);
  return p;
}();
constexpr double proved = lipschitz_of(drawn).value;

}  // namespace

TEST_CASE("certify.lipschitz_of: the compiler's number and the program's agree") {
  const double at_run_time = lipschitz_of(drawn).value;
  CHECK(proved < 60);
  CHECK(proved >= at_run_time * (1 - 1e-9));
  CHECK(proved <= at_run_time * 1.001);
}

TEST_CASE("certify.lipschitz_of: it never exceeds the bound of the type when the declarations are kept") {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    const auto p = random_parameters<net>(seed, 4);
    CHECK(lipschitz_of(p).value <= lipschitz<net> * (1 + 1e-12));
  }
}

TEST_CASE("certify.lipschitz_of: what the type declares is not believed") {
  auto p = by_hand;
  for (float& w : get<3>(p).weight) w *= 10;  // at_most<2> is broken
  CHECK(lipschitz_of(p).value >= 10 * 7.9993);
}

TEST_CASE("certify.lipschitz_of: orthogonal matrices multiply to 1, and not below") {
  struct rotations : decltype(Input<2> >> Linear<2>(no_bias) >> Linear<2>(no_bias) >> Linear<2>(no_bias)) {};
  parameters<rotations> p{};
  get<0>(p).weight = {0, 1, -1, 0};
  get<1>(p).weight = {1, 0, 0, 1};
  get<2>(p).weight = {0, -1, 1, 0};
  CHECK(lipschitz_of(p).value >= 1);
  CHECK(lipschitz_of(p).value <= 1 + 1e-5);
}
