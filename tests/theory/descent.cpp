// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <taut/theory/descent.hpp>

#include "support/catch.hpp"

using namespace taut;

namespace {

// Half of w'Aw / |w|^2 with A = diag(1, 4, 9): at the minimiser e_0 the spherical Hessian is diag(0, 3, 8).
constexpr std::array<double, 3> a{1, 4, 9};
double on_sphere(std::span<const double> w, std::span<double> g) {
  double square = 0, form = 0;
  for (std::size_t i = 0; i < 3; ++i) square += w[i] * w[i], form += a[i] * w[i] * w[i];
  for (std::size_t i = 0; i < 3; ++i) g[i] = (a[i] - form / square) * w[i] / square;
  return form / square / 2 - 0.5;
}
// Half of w'Aw itself.
double bowl(std::span<const double> w, std::span<double> g) {
  double form = 0;
  for (std::size_t i = 0; i < 3; ++i) form += a[i] * w[i] * w[i], g[i] = a[i] * w[i];
  return form / 2;
}

}  // namespace

TEST_CASE("theory.descent: of a scale-invariant loss, moments, their product and the moment of convergence") {
  std::vector<double> w{2, 1, 1}, evaluated;
  const auto watched_loss = [&evaluated](std::span<const double> at, std::span<double> g) {
    evaluated.assign(at.begin(), at.end());
    return on_sphere(at, g);
  };
  const auto run = descend(watched_loss, w, {.rate = 0.4, .decay = 0.01, .steps = 101, .every = 20},
                           [&evaluated](std::span<const double> at) {
                             CHECK(std::ranges::equal(at, evaluated));  // the loss was last asked there
                             return at[1];
                           });
  REQUIRE(run.moments.size() == 7);
  CHECK(run.moments[0].length == Approx(std::sqrt(6)));
  CHECK(run.moments[0].measured == 1);
  std::vector<double> g(3), next{2, 1, 1};
  on_sphere(next, g);
  for (std::size_t i = 0; i < 3; ++i) next[i] = (1 - 0.004) * next[i] - 0.4 * g[i];
  CHECK(run.moments[0].angle == Approx(angle_between(std::vector<double>{2, 1, 1}, next)));

  const descent_moment& last = run.moments.back();
  CHECK(last.step == 101);
  CHECK(last.sharpness == Approx(8).epsilon(1e-3));
  CHECK(last.product == Approx(effective_rate(0.4, 0.01, base::dot(w, w)) * 8).epsilon(1e-3));
  CHECK(last.length == base::length(w));
  CHECK(last.loss < 1e-6);
  REQUIRE(run.convergence);
  CHECK(run.convergence->loss < 1e-6);
  CHECK(run.convergence->step > 0);
  CHECK(run.convergence->step < 101);
  for (const auto& m : run.moments)
    if (m.step < run.convergence->step) CHECK(m.loss >= 1e-6);
}

TEST_CASE("theory.descent: where the scale matters, sharpness is that of the Hessian, and 2 / rate its limit") {
  for (const double rate : {0.2, 0.23}) {
    std::vector<double> w{1, 1, 1};
    const auto run = descend(bowl, w, {.rate = rate, .steps = 100, .every = 50, .scale_invariant = false});
    CHECK(run.moments.back().sharpness == Approx(9).epsilon(1e-3));
    CHECK(run.moments.back().product == Approx(9 * rate).epsilon(1e-3));
    CHECK((run.moments.back().loss < run.moments.front().loss) == (9 * rate < 2));
    CHECK_FALSE((run.convergence && 9 * rate > 2));
  }
  std::vector<double> w{1, 1, 1};
  CHECK_THROWS_AS(descend(bowl, w, {.every = 0}), std::invalid_argument);
}
