// SPDX-License-Identifier: Apache-2.0
// The bound of absolute values: exact for matrices of one sign, never below an observed slope.
#include <taut/inference.hpp>

#include "laws/slope.hpp"
#include "support/catch.hpp"

namespace {

using namespace taut;
using namespace taut::tests;

struct two_paths : decltype(Input<1> >> Linear<2>(no_bias) >> ReLU >> Linear<1>(no_bias)) {};
constexpr parameters<two_paths> crossed = [] {
  parameters<two_paths> p{};
  get<0>(p).weight = {1, -1000};
  get<2>(p).weight = {1000, 1};
  return p;
}();
constexpr double proved = certificates::absolute_bound(certificates::chains_of(crossed).chains[0]);
static_assert(proved >= 2000 && proved <= 2000.001);

struct mixed : decltype(Input<4> >> Linear<6> >> LN(min_std<0.3>) >> GELU >> Linear<4> >> LeakyReLU<2.0> >> MaxMin >>
                        Linear<3>) {};

}  // namespace

TEST_CASE("certify.absolute: exact where all weights are positive") {
  auto p = random_parameters<two_paths>(3);
  for (float& w : get<0>(p).weight) w = std::abs(w);
  for (float& w : get<2>(p).weight) w = std::abs(w);
  const double bound = certificates::absolute_bound(certificates::chains_of(p).chains[0]);
  CHECK(steepest_pair(p, 1).climbed == Approx(bound).epsilon(1e-6));
}

TEST_CASE("certify.absolute: no observed slope exceeds it, and runs begin a new stretch") {
  double nearest = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const auto p = random_parameters<mixed>(seed);
    const auto all = certificates::chains_of(p);
    const double bound = certificates::absolute_bound(all.chains[0]);
    const double slope = steepest_pair(p, seed, {.starts = 8, .steps = 100}).climbed;
    CHECK(is_below(slope, bound));
    nearest = std::max(nearest, slope / bound);
    // ||P W0|| k(s) first, so it is never below that factor times what follows
    CHECK(bound >= certificates::factors(p)[0] * certificates::factors(p)[1] * 1e-3);
  }
  CHECK(nearest > 0.15);
}
