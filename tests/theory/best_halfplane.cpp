// SPDX-License-Identifier: Apache-2.0
// The best line, against many random ones.
#include <taut/base/random.hpp>
#include <taut/theory/best_halfplane.hpp>

#include "support/catch.hpp"

using namespace taut;

TEST_CASE("theory.best_halfplane: XOR has three right, points on both sides of a line all") {
  const double corners[]{0, 0, 0, 1, 1, 0, 1, 1};
  const std::size_t exclusive[]{0, 1, 1, 0}, both[]{0, 0, 0, 1}, one[]{1, 1, 1, 1};
  REQUIRE(best_halfplane(corners, exclusive) == 3);
  REQUIRE(best_halfplane(corners, both) == 4);
  REQUIRE(best_halfplane(corners, one) == 4);
  const double in_line[]{0, 0, 1, 1, 2, 2, 3, 3}, twice[]{0, 0, 0, 0, 1, 0};
  REQUIRE(best_halfplane(in_line, exclusive) == 3);
  const double far[]{3, 4, 6, 8, 9, 12, 12, 16, 15, 20};  // in line, as rounding does not see it
  REQUIRE(best_halfplane(far, std::array<std::size_t, 5>{0, 1, 0, 1, 0}) == 3);
  REQUIRE(best_halfplane(twice, std::array<std::size_t, 3>{0, 1, 1}) == 2);
}

TEST_CASE("theory.best_halfplane: no random line is better, and some are as good") {
  base::random_stream random(1);
  for (int turn = 0; turn < 20; ++turn) {
    const std::size_t n = 4 + random.below(6);
    std::vector<double> points(2 * n);
    std::vector<std::size_t> labels(n);
    for (double& x : points) x = random.normal();
    for (std::size_t& label : labels) label = random.below(2);
    std::size_t sampled = 0;
    for (int line = 0; line < 20000; ++line) {  // just beyond a point, in a random direction
      const double a = random.normal(), b = random.normal();
      const std::size_t touched = random.below(n);
      const double c = a * points[2 * touched] + b * points[2 * touched + 1] + 1e-9;
      std::size_t right = 0;
      for (std::size_t i = 0; i < n; ++i)
        right += (a * points[2 * i] + b * points[2 * i + 1] > c) == (labels[i] == 1) ? 1 : 0;
      sampled = std::max(sampled, right);
    }
    REQUIRE(best_halfplane(points, labels) == sampled);
  }
}

TEST_CASE("theory.best_halfplane: other labels and halves of points are refused") {
  const double points[]{0, 0, 1, 1};
  REQUIRE_THROWS_AS(best_halfplane(points, std::array<std::size_t, 2>{0, 2}), std::invalid_argument);
  REQUIRE_THROWS_AS(best_halfplane(points, std::array<std::size_t, 1>{0}), std::invalid_argument);
}
