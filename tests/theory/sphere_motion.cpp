// SPDX-License-Identifier: Apache-2.0
#include <functional>
#include <numbers>
#include <taut/theory/sphere_motion.hpp>

#include "support/catch.hpp"

using namespace taut;

namespace {

/// L = (1 - cos of the angle to e_0) a, scale-invariant: its gradient.
std::vector<double> slope(const std::vector<double>& w, double a) {
  const double size = base::length(w), along = w[0] / size;
  std::vector<double> g(w.size());
  for (std::size_t i = 0; i < w.size(); ++i) g[i] = a / size * (along * w[i] / size - (i == 0 ? 1 : 0));
  return g;
}

}  // namespace

TEST_CASE("theory.sphere_motion: angles, small ones to the last digits") {
  const std::vector<double> x{2, 0}, y{0, 5}, near{1, 1e-9}, back{-1, 0};
  CHECK(angle_between(x, y) == Approx(std::numbers::pi / 2));
  CHECK(angle_between(x, near) == Approx(1e-9).epsilon(1e-12));
  CHECK(angle_between(x, back) == Approx(std::numbers::pi));
}

TEST_CASE("theory.sphere_motion: descent with decay is descent on the sphere with the effective rate") {
  constexpr double rate = 0.3, decay = 0.02;
  std::vector<double> w{1, 2, -2}, unit = base::normalized(w);
  const auto g = slope(w, 1), on_sphere = slope(unit, 1);
  const double effective = effective_rate(rate, decay, base::dot(w, w));
  const auto before = w;
  for (std::size_t i = 0; i < 3; ++i) w[i] = (1 - rate * decay) * w[i] - rate * g[i];
  base::add(unit, -effective, on_sphere);
  CHECK(angle_between(w, unit) < 1e-15);
  const sphere_motion m = motion_of(4, before, w, g, rate, decay);
  CHECK(m.step == 4);
  CHECK(m.length == 3);
  CHECK(m.gradient == Approx(base::length(on_sphere)));
  CHECK(m.effective_rate == effective);
  CHECK(std::tan(m.angle) == Approx(effective * m.gradient));  // the gradient is orthogonal to w
}

// Gradients of random directions, orthogonal to w, of mean square G on the sphere.
TEST_CASE("theory.sphere_motion: length and angle settle where the formulas say") {
  constexpr double rate = 0.1, decay = 0.05, size = 3;
  base::random_stream random(2);
  std::vector<double> w(20, 0.1);
  double mean_length = 0, mean_angle = 0;
  constexpr int steps = 4000, settled = 2000;
  for (int t = 0; t < steps; ++t) {
    std::vector<double> noise(20);
    for (double& value : noise) value = random.normal();
    base::add(noise, -base::dot(noise, w) / base::dot(w, w), w);
    noise = base::normalized(noise);
    const double at_w = size / base::length(w);
    auto next = w;
    for (std::size_t i = 0; i < 20; ++i) next[i] = (1 - rate * decay) * w[i] - rate * at_w * noise[i];
    if (t >= settled) mean_length += base::length(w) / (steps - settled);
    if (t >= settled) mean_angle += angle_between(w, next) / (steps - settled);
    w = next;
  }
  CHECK(mean_length == Approx(equilibrium_length(rate, decay, size * size)).epsilon(0.01));
  CHECK(mean_angle == Approx(equilibrium_angle(rate, decay)).epsilon(0.01));
}

TEST_CASE("theory.sphere_motion: a recorder of some elements sees what fit's optimizer does") {
  std::vector<float> first{3, 7}, second{4}, g{0, 1}, h{0};
  sphere_recorder recorder({0, 2}, 0.5, 2);
  auto optimizer = watched(sgd{.momentum = 0, .weight_decay = 0.5}, std::ref(recorder));
  static_assert(Optimizer<decltype(optimizer)>);
  for (int step = 0; step < 3; ++step) optimizer.step({first, second}, {g, h}, 0.1);
  REQUIRE(recorder.recorded().size() == 2);
  CHECK(recorder.recorded()[0].length == 5);
  CHECK(recorder.recorded()[0].angle == Approx(0).margin(1e-7));
  CHECK(recorder.recorded()[0].effective_rate == Approx(0.1 / (0.95 * 25)));
  CHECK(recorder.recorded()[1].step == 2);
  CHECK(recorder.recorded()[1].length == Approx(5 * 0.95 * 0.95));
  CHECK_THROWS_AS(sphere_recorder({0}, 0.5, 0), std::invalid_argument);
}
