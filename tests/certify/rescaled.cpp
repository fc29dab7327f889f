// SPDX-License-Identifier: Apache-2.0
// Every scale proves a bound, the right one the truth; scales that are no scales prove nothing.
#include <taut/inference.hpp>

#include "laws/slope.hpp"
#include "support/catch.hpp"

namespace {

using namespace taut;
using namespace taut::tests;

struct two_paths : decltype(Input<1> >> Linear<2>(no_bias) >> ReLU >> Linear<1>(no_bias)) {};

// x -> relu(x) + 1000 relu(x), as 1 then 1000 and as 1000 then 1: the truth is 2000
constexpr parameters<two_paths> crossed = [] {
  parameters<two_paths> p{};
  get<0>(p).weight = {1, 1000};
  get<2>(p).weight = {1000, 1};
  return p;
}();
constexpr double by_product = certificates::rescaled_bound(certificates::chains_of(crossed).chains[0], nullptr);
constexpr double by_scale = [] {
  const double scale[] = {1000, 1};
  return certificates::rescaled_bound(certificates::chains_of(crossed).chains[0], scale);
}();
static_assert(by_product >= 1000000 && by_product <= 1000002);
static_assert(by_scale >= 2000 && by_scale <= 2000.001);

struct mixed : decltype(Input<4> >> Linear<6> >> LN(min_std<0.3>) >> GELU >> Linear<4> >> MaxMin >> LeakyReLU<0.1> >>
                        Linear<3>) {};

}  // namespace

TEST_CASE("certify.rescaled: no scale proves less than an observed slope") {
  base::random_stream random(1);
  double nearest = 0;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    const auto p = random_parameters<mixed>(seed);
    const auto all = certificates::chains_of(p);
    REQUIRE(all.chains.size() == 1);
    const double slope = steepest_pair(p, seed, {.starts = 8, .steps = 100}).climbed;
    for (int trial = 0; trial < 20; ++trial) {
      std::vector<double> scale(all.chains[0].multipliers());
      for (double& d : scale) d = std::exp(trial * 0.1 * random.normal());
      const double bound = certificates::rescaled_bound(all.chains[0], scale.data());
      CHECK(is_below(slope, bound));
      nearest = std::max(nearest, slope / bound);
    }
  }
  CHECK(nearest > 0.2);
}

TEST_CASE("certify.rescaled: a common factor of all scales changes nothing, the wrong numbers prove nothing") {
  const auto p = random_parameters<mixed>(5);
  const auto all = certificates::chains_of(p);
  std::vector<double> scale(all.chains[0].multipliers(), 1);
  const double plain = certificates::rescaled_bound(all.chains[0], nullptr);
  CHECK(certificates::rescaled_bound(all.chains[0], scale.data()) == Approx(plain).epsilon(1e-5));
  for (double& d : scale) d = 1e20;
  CHECK(certificates::rescaled_bound(all.chains[0], scale.data()) == Approx(plain).epsilon(1e-4));
  for (const double wrong : {0.0, -1.0, rounded::infinity, 1e-320, std::numeric_limits<double>::quiet_NaN()}) {
    scale.assign(scale.size(), 1);
    scale[2] = wrong;
    CHECK(!rounded::is_finite(certificates::rescaled_bound(all.chains[0], scale.data())));
  }
}
