// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <taut/theory/landscape.hpp>

#include "support/catch.hpp"

using namespace taut;

namespace {

/// sum_k a_k w_k^2 / 2: everything is known of it.
struct bowl {
  std::array<double, 3> a{1, 10, 100};
  double value(std::span<const double> w) const {
    double sum = 0;
    for (std::size_t k = 0; k < 3; ++k) sum += a[k] * w[k] * w[k] / 2;
    return sum;
  }
  double gradient(std::span<const double> w, std::span<double> g) const {
    for (std::size_t k = 0; k < 3; ++k) g[k] = a[k] * w[k];
    return value(w);
  }
};

/// L(aw) = L(w).
struct angle {
  double value(std::span<const double> w) const { return w[0] / std::sqrt(w[0] * w[0] + w[1] * w[1]); }
  double gradient(std::span<const double> w, std::span<double> g) const {
    const double square = w[0] * w[0] + w[1] * w[1], cube = square * std::sqrt(square);
    g[0] = w[1] * w[1] / cube, g[1] = -w[0] * w[1] / cube;
    return value(w);
  }
};

}  // namespace

TEST_CASE("theory.landscape: directions have the lengths of filters") {
  const std::vector<double> w{3, 4, 9, 0, 0, 1, 2, 2};
  const filter filters[]{{0, 2}, {3, 2}, {5, 3}};
  base::random_stream random(1);
  const auto d = filter_normalized_direction(w, filters, random),
             other = filter_normalized_direction(w, filters, random);
  const std::span<const double> all(d);
  CHECK(base::length(all.first(2)) == Approx(5).epsilon(1e-12));
  CHECK(d[2] == 0);  // in no filter
  CHECK((d[3] == 0 && d[4] == 0));
  CHECK(base::length(all.last(3)) == Approx(3).epsilon(1e-12));
  CHECK(d[0] != Approx(other[0]));
}

TEST_CASE("theory.landscape: a parabola along a line") {
  bowl loss;
  const std::vector<double> w{0, 0.5, 0}, d{0, 1, 0};
  const auto line = loss_along(loss, w, d, -1, 1, 41);  // 5 (1/2 + t)^2
  REQUIRE(line.step.size() == 41);
  CHECK(line.step[0] == -1);
  CHECK(line.loss[20] == Approx(1.25));
  CHECK(line.loss[40] == Approx(11.25));
  CHECK(line.rise == Approx(10));
  CHECK(line.slope == Approx(10 * (1.5 - 0.025)));  // in the middle of the last two
  CHECK(line.curvature == Approx(10).epsilon(1e-9));
  const auto back = loss_along(loss, w, d, 1, -1, 41);
  CHECK(back.slope == Approx(line.slope));
  CHECK(back.rise == Approx(line.rise));
}

TEST_CASE("theory.landscape: along the gradient") {
  bowl loss;
  const std::vector<double> w{2, 0, 0.01};  // the gradient (2, 0, 1)
  const auto probe = probe_along_gradient(loss, w, std::array{0.001, 0.02, 0.1});
  const double change = std::sqrt(2.0 * 2 + 100.0 * 100);  // of the gradient, at rate 1
  CHECK(probe.gradient == Approx(std::sqrt(5.0)));
  CHECK(probe.weights == Approx(std::sqrt(4.0001)));
  CHECK(probe.smoothness == Approx(change / std::sqrt(5.0)));
  CHECK(probe.predictiveness == Approx(0.1 * change));
  CHECK(probe.loss == Approx(2.005));
  CHECK(probe.highest == Approx(0.5 * 1.8 * 1.8 + 50 * 0.09 * 0.09));
  CHECK(probe.lowest == Approx(0.5 * 1.96 * 1.96 + 50 * 0.01 * 0.01));

  const auto still = probe_along_gradient(loss, std::vector<double>{0, 0, 0}, std::array{0.1});
  CHECK((still.gradient == 0 && still.smoothness == 0 && still.highest == 0));
}

TEST_CASE("theory.landscape: where the scale does not matter, |w|^2 smoothness does not depend on it") {
  angle loss;
  const auto small = probe_along_gradient(loss, std::vector<double>{0.3, 0.4}, std::array{1e-3});
  const auto large = probe_along_gradient(loss, std::vector<double>{3, 4}, std::array{1e-1});
  CHECK(small.smoothness == Approx(100 * large.smoothness));
  CHECK(small.weights * small.weights * small.smoothness == Approx(large.weights * large.weights * large.smoothness));
}
