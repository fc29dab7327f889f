// SPDX-License-Identifier: Apache-2.0
#include <taut/layers/batch_norm.hpp>
#include <taut/layers/linear.hpp>
#include <taut/net/compose.hpp>
#include <taut/theory/batch_loss.hpp>
#include <taut/theory/normalized_regression.hpp>
#include <taut/theory/sharpness.hpp>

#include "support/catch.hpp"

using namespace taut;

namespace {

constexpr std::size_t n = 7, d = 12;
using unit = decltype(Input<d> >> Linear<1>(no_bias) >> BN(epsilon<1e-30>, no_affine));
using unit_loss = batch_loss<unit, batch<n>, double, squared_error>;

struct problem {
  std::vector<double> inputs, targets;
  explicit problem(std::uint64_t seed) : inputs(n * d), targets(n) {
    base::random_stream random(seed);
    for (double& value : inputs) value = random.normal();
    for (double& value : targets) value = 3 + random.normal();
  }
};

}  // namespace

TEST_CASE("theory.normalized_regression: the minimum-norm interpolator is a minimiser, of the stated sharpness") {
  for (const std::uint64_t seed : {1u, 2u, 3u}) {
    const problem given(seed);
    const normalized_regression closed(given.inputs, given.targets);
    unit_loss loss(parameters<unit>{}, given.inputs, squared_error{closed.targets()});
    const auto field = gradient_of(loss);
    CHECK(loss.value(closed.minimum_norm()) < 1e-20);
    CHECK(spherical_sharpness(field, closed.minimum_norm()).value == Approx(closed.least_sharpness()).epsilon(1e-7));

    // Another minimiser: w* and something that the inputs do not see.
    base::random_stream random(seed);
    std::vector<double> w(d);
    for (double& value : w) value = random.normal();
    const eigen_decomposition h = symmetric_eigen(hessian_matrix(field, base::normalized(closed.minimum_norm())), d);
    std::vector<double> other = closed.minimum_norm();
    for (std::size_t k = 0; k < d; ++k)
      if (h.values[k] < 1e-6 * h.values.back()) base::add(other, 0.3 * base::dot(w, h.vector(k)), h.vector(k));
    CHECK(loss.value(other) < 1e-18);
    CHECK(closed.sharpness_at(other) == Approx(spherical_sharpness(field, other).value).epsilon(1e-7));
    CHECK(closed.sharpness_at(other) > 1.01 * closed.least_sharpness());
    CHECK(closed.sharpness_at(closed.minimum_norm()) == Approx(closed.least_sharpness()).epsilon(1e-12));
  }
}

TEST_CASE("theory.normalized_regression: targets are standardised, and impossible problems refused") {
  const auto z = standardized(std::vector<double>{1, 2, 6});
  CHECK(z[0] + z[1] + z[2] == Approx(0).margin(1e-12));
  CHECK(base::dot(z, z) == Approx(3));
  CHECK_THROWS_AS(standardized(std::vector<double>(3, 1.0)), std::invalid_argument);
  CHECK_THROWS_AS(standardized(std::vector<double>(6, 0.1)), std::invalid_argument);  // whose computed mean is not 0.1
  CHECK_THROWS_AS(standardized(std::vector<double>{}), std::invalid_argument);
  CHECK_THROWS_WITH(normalized_regression({1, 1, 1}, std::vector<double>{1, 2, 3}), Catch::Matchers::Contains("span"));
  CHECK_THROWS_AS(normalized_regression({1, 2, 3, 4}, std::vector<double>{1, 2, 3}), std::invalid_argument);
}
