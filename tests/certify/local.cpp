// SPDX-License-Identifier: Apache-2.0
// How far an input may move, layer by layer: the closed form against the chord it solves, against pairs of inputs, and
// what it does with several runs, constant outputs and floors inside blocks.
#include <taut/inference.hpp>

#include "laws/support.hpp"
#include "support/catch.hpp"

namespace {

using namespace taut;
using namespace taut::tests;
using certificates::farthest, certificates::local_step;
template <class Expression> using net = typename Expression::normal_form;

// A normalizer of `groups` runs of n elements whose gains have the norm G.
constexpr local_step normalizer_step(double n, double groups, double G, double epsilon) {
  return {.factor = G,
          .root = rounded::sqrt_down(n),
          .widest = rounded::mul_up(2 * G, rounded::sqrt_up(n)),
          .spread = rounded::mul_up(2 * G, rounded::sqrt_up(n * groups)),
          .epsilon = epsilon};
}
static_assert(local_step{.factor = 4}.back(1, farthest) == 0.25);
static_assert(local_step{.factor = 0}.back(1, farthest) == farthest);
static_assert(local_step{.factor = rounded::infinity}.back(1, farthest) == 0);
static_assert(normalizer_step(4, 1, 1, 0).back(4.5, 1) == farthest);  // beyond the diameter of the sphere

// The chord by which a move of m changes the output.
double chord(double m, double n, double G, double q) {
  const double t = m / (std::sqrt(n) * q);
  return t < 1 ? 2 * std::sqrt(n) * G * std::sin(std::asin(t) / 2) : 2 * std::sqrt(n) * G;
}

}  // namespace

TEST_CASE("certify.local: the closed form inverts the chord, rounded down") {
  base::random_stream random(1);
  for (int i = 0; i < 20000; ++i) {
    const auto n = static_cast<double>(2 + random.below(300));
    const double G = std::exp(random.uniform(-4, 4)), s = std::exp(random.uniform(-8, 8));
    const double epsilon = random.below(3) == 0 ? 0 : std::exp(random.uniform(-12, 1)), q = std::sqrt(s * s + epsilon);
    const auto step = normalizer_step(n, 1, G, epsilon);
    const double d = step.widest * random.uniform() * 0.999, m = step.back(d, s);
    const double anywhere = d * std::sqrt(epsilon) / G;
    if (m > anywhere * (1 + 1e-12)) {
      CHECK(chord(m * (1 - 1e-12), n, G, q) <= d);
      if (d < 0.7071 * step.widest) CHECK(chord(m * (1 + 1e-9), n, G, q) > d);
      else CHECK(m == Approx(std::sqrt(n) * q).epsilon(1e-6));
    } else {
      CHECK(m <= anywhere);
    }
    CHECK(m >= anywhere * (1 - 1e-12));
  }
}

TEST_CASE("certify.local: it is never below what a floor below the std gives") {
  base::random_stream random(2);
  for (int i = 0; i < 20000; ++i) {
    const auto n = static_cast<double>(2 + random.below(300));
    const double s = std::exp(random.uniform(-4, 4)), floor = s * random.uniform();
    const double epsilon = random.below(3) == 0 ? 0 : std::exp(random.uniform(-12, 1));
    const auto step = normalizer_step(n, 1, 1, epsilon);
    const double d = step.widest * random.uniform();
    const double by_floor = std::min(d * std::sqrt(floor * floor + epsilon), std::sqrt(n) * (s - floor));
    CHECK(step.back(d, s) >= by_floor * (1 - 1e-12));
  }
}

TEST_CASE("certify.local: no pair of inputs nearer than the move is farther apart than allowed") {
  base::random_stream random(3);
  double nearest = 0;  // the largest part of the allowance that a pair used
  for (int i = 0; i < 4000; ++i) {
    const std::size_t groups = 1 + random.below(3), n = 2 + random.below(4), size = groups * n;
    const double epsilon = random.below(2) == 0 ? 1e-12 : std::exp(random.uniform(-6, 1));
    auto x = random_vector(random, size);
    double least = farthest;
    const auto project = [&](std::vector<double> v) {  // RMS norm: nothing is centred
      for (std::size_t g = 0; g < groups; ++g) {
        double squares = 0;
        for (std::size_t k = g * n; k < g * n + n; ++k) squares += v[k] * v[k] / static_cast<double>(n);
        least = std::min(least, std::sqrt(squares));
        for (std::size_t k = g * n; k < g * n + n; ++k) v[k] /= std::sqrt(squares + epsilon);
      }
      return v;
    };
    const auto z = project(x);
    const auto step = normalizer_step(static_cast<double>(n), static_cast<double>(groups), 1, epsilon);
    const double d = step.widest * random.uniform() * 0.9, m = step.back(d, least);
    for (int attempt = 0; attempt < 20; ++attempt) {
      const std::size_t run = random.below(groups);
      std::vector<double> y(size), at = x;
      const bool one_run = attempt % 2 == 0;
      for (std::size_t k = 0; k < size; ++k) y[k] = one_run && k / n != run ? 0 : random.normal();
      if (attempt % 4 == 0) {  // the tangent from the origin: a step back and one aside
        double along = 0, squares = 0;
        for (std::size_t k = 0; k < size; ++k)
          along += y[k] * x[k], squares += one_run && k / n != run ? 0 : x[k] * x[k];
        for (std::size_t k = 0; k < size; ++k) y[k] -= one_run && k / n != run ? 0 : along / squares * x[k];
        const double t = std::min(1.0, m / std::sqrt(squares)), aside = norm(y);
        if (aside > 0)
          for (std::size_t k = 0; k < size; ++k)
            y[k] = (one_run && k / n != run ? 0 : -t * x[k] / std::sqrt(squares)) + std::sqrt(1 - t * t) * y[k] / aside;
      }
      const double length = norm(y);
      if (!(length > 0)) continue;
      for (std::size_t k = 0; k < size; ++k) at[k] += y[k] / length * std::min(m, 1e6) * (1 - 1e-12);
      auto moved = project(at);
      for (std::size_t k = 0; k < size; ++k) moved[k] -= z[k];
      CHECK(norm(moved) <= d * (1 + 1e-9));
      nearest = std::max(nearest, norm(moved) / d);
    }
  }
  CHECK(nearest > 0.999);
}

TEST_CASE("certify.local: a layer's step is its factor, or the projection with the gains no matrix has") {
  using behind = net<decltype(Input<6> >> Linear<6> >> GN<2> >> ReLU >> Linear<3>)>;
  auto p = random_parameters<behind>(1);
  get<1>(p).gain.fill(3);
  const auto factors = certificates::factors(p);
  const auto affine = certificates::local_step_of<behind, 0>(p, factors[0]);
  const auto norm = certificates::local_step_of<behind, 1>(p, factors[1]);
  CHECK(affine.factor == factors[0]);
  CHECK(affine.root == 0);
  CHECK(norm.factor == Approx(3));
  CHECK(norm.root == Approx(std::sqrt(3.0)));
  CHECK(norm.widest == Approx(6 * std::sqrt(3.0)));
  CHECK(norm.spread == Approx(6 * std::sqrt(6.0)));
  CHECK(norm.back(6.5 * std::sqrt(3.0), 2) == Approx(std::sqrt(3.0 * (4 + 1e-5))));  // both runs may move
  using before = net<decltype(Input<6> >> LN >> Linear<3>)>;
  CHECK(certificates::local_step_of<before, 0>(random_parameters<before>(1), 7).factor == 1);
}

TEST_CASE("certify.local: floors inside blocks are not relied on") {
  using floored = net<decltype(Input<6> >> Residual(LN(min_std<2.0>, epsilon<0.25>, no_affine)) >> Linear<3>)>;
  using open = net<decltype(Input<6> >> Residual(LN(epsilon<0.25>, no_affine)) >> Linear<3>)>;
  const parameters<floored> p{};
  const double known = certificates::factors(p)[0];
  CHECK(known == Approx(1 + 1 / std::sqrt(4.25)));
  CHECK(certificates::local_step_of<floored, 0>(p, known).factor == Approx(3));
  CHECK(certificates::floors_within<floored>());
  CHECK_FALSE(certificates::floors_within<open>());
  using nested =
      net<decltype(Input<6> >> Residual(Concat(ReLU, Tanh) >> Linear<6> >> Residual(RMSNorm(min_std<0.5>))))>;
  CHECK(certificates::floors_within<nested>());
}
