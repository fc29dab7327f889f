// SPDX-License-Identifier: Apache-2.0
// The search: never worse than the product, never below an observed slope, tight where theory says so.
#include <taut/certify/tighten.hpp>
#include <taut/inference.hpp>

#include "laws/slope.hpp"
#include "support/catch.hpp"

namespace {

using namespace taut;
using namespace taut::tests;

struct deep : decltype(Input<3> >> Linear<8> >> ReLU >> Linear<7> >> Tanh >> Linear<6> >> ReLU >> Linear<2>) {};
struct normalized : decltype(Input<5> >> Linear<6> >> LN(min_std<0.25>) >> GELU >> Linear<6> >> GN<2>(min_std<0.2>) >>
                             SiLU >> Linear<3> >> Softmax) {};
struct sorted : decltype(Input<4> >> RMSNorm(min_std<0.5>) >> Linear<6> >> MaxMin >> Linear<4> >> BN >>
                         LeakyReLU<0.2> >> BN >> Mish >> Linear<2>) {};
struct pooled
    : decltype(Input<2, 8> >> Conv1d<4, 3> >> ReLU >> MaxPool<2> >> Flatten >> Linear<6> >> ReLU >> Linear<2>) {};

// Of twelve nets: the bounds in order, above the steepest pair, and the best ratio of the two.
template <class Net> void attack(double reached) {
  double nearest = 0, gained = 1;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    const auto p = random_parameters<Net>(seed, seed % 4 == 0 ? 3 : 1);
    const auto all = certificates::chains_of(p);
    std::array<double, 4> by_tactic;
    by_tactic.fill(all.between);
    for (const auto& c : all.chains) {
      const auto found = certificates::bounds_of(c, {});
      CHECK(found.rescaled <= found.product);
      CHECK(found.semidefinite <= found.rescaled * (1 + 1e-4));
      for (const tactic t : {tactic::product, tactic::rescaled, tactic::absolute, tactic::semidefinite})
        by_tactic[static_cast<std::size_t>(t)] *= found.value(t);
    }
    const auto bound = tighten(p);
    const double slope = steepest_pair(p, seed, {.starts = 10, .steps = 150}).climbed;
    INFO("seed " << seed << ": proved " << bound.value << " by " << bound.formula.view() << ", observed " << slope);
    CHECK(is_below(slope, bound.value));
    for (const double other : by_tactic) CHECK(is_below(slope, other));
    CHECK(bound.value <= lipschitz_of(p).value * (1 + 1e-4));
    CHECK(verify(p, bound.witness).value == bound.value);
    nearest = std::max(nearest, slope / bound.value);
    gained = std::max(gained, lipschitz_of(p).value / bound.value);
  }
  INFO(nearest << ", " << gained);
  CHECK(nearest >= reached);
  CHECK(gained > 1.2);
}

}  // namespace

TEST_CASE("certify.tighten: tactics in order, above every observed slope") {
  attack<deep>(0.5);
  attack<normalized>(0.05);
  attack<sorted>(0.4);
  attack<pooled>(0.4);
}

TEST_CASE("certify.tighten: without a search, the product remains") {
  const auto p = random_parameters<deep>(5);
  const auto bound = tighten(p, {.largest_form = 0});
  CHECK(bound.value <= lipschitz_of(p).value * (1 + 1e-5));
  CHECK(bound.method != "semidefinite");
}
