// SPDX-License-Identifier: Apache-2.0
// The search finds the truth where it is known, stays in its region, and never passes a bound.
#include <taut/certify/sampled.hpp>
#include <taut/inference.hpp>

#include "laws/support.hpp"
#include "support/catch.hpp"

namespace {

using namespace taut;
using namespace taut::tests;

struct matrix : decltype(Input<6> >> Linear<4>) {};
struct slope_at_a_point : decltype(Input<1> >> GELU) {};
struct normalized : decltype(Input<5> >> Linear<6> >> LN(min_std<0.5>) >> ReLU >> WeightNorm(Linear<3>)) {};
struct sphere : decltype(Input<4> >> LN(min_std<0.5>, no_affine)) {};

}  // namespace

TEST_CASE("certify.sampled: a matrix, a curve and a sphere have the slopes that are known") {
  const auto p = random_parameters<matrix>(2);
  CHECK(sampled_slope(p).value == Approx(lipschitz_of(p).value).epsilon(1e-4));
  const auto curve = sampled_slope(parameters<slope_at_a_point>{});
  CHECK(curve.value == Approx(1.1289041).epsilon(1e-4));
  CHECK(std::abs(curve.at[0] - std::sqrt(2.0)) < 0.1);
  CHECK(sampled_slope(parameters<sphere>{}).value == Approx(1 / std::sqrt(0.25 + 1e-5)).epsilon(1e-3));
}

TEST_CASE("certify.sampled: what it finds lies in the region, and below the bound there") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const auto p = random_parameters<normalized>(seed);
    const auto found = sampled_slope(p, {.random_starts = 6, .seed = seed});
    REQUIRE(found.at.size() == 5);
    CHECK(found.points > 50);
    CHECK(found.value > 0);
    CHECK(found.value <= lipschitz_of(p).value * (1 + 1e-9));
    certificates::slopes_of_network<normalized, float> net(p);
    net.forward(found.at);
    net.broken_floors(-1e-9, [](double, double, const auto&) { FAIL_CHECK("a floor is broken"); });
  }
}

TEST_CASE("certify.sampled: the box and the starts are kept") {
  const std::array<float, 2> starts{0.1f, -0.2f};
  const auto found = sampled_slope(parameters<slope_at_a_point>{},
                                   {.starts = starts, .random_starts = 0, .lower = -0.5, .upper = 0.5});
  CHECK(found.at[0] == Approx(0.5));
  CHECK(found.value == Approx(layer::gelu::derivative(0.5, 0.0)).epsilon(1e-6));
}
