// SPDX-License-Identifier: Apache-2.0
// The best that a linear classifier can do with points of the plane and two labels, by trying them all: the line that
// gives most points their label. A line that is moved until it touches two points parts the others as before, so the
// directions between which the order of the projected points changes, those of pairs of points, are all there are.
//
//   const std::size_t right = best_halfplane(points, labels);      // of labels.size()
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

namespace taut {

/// How many of some points of the plane, (x, y) one behind the other, the best line has on the side of their label.
/// Labels are 0 and 1. What is closer than 1e-12 of the points' extent is taken as equal. O(n^3 log n).
/// @throws std::invalid_argument if there are not two numbers a label, or other labels.
[[nodiscard]] inline std::size_t best_halfplane(std::span<const double> points, std::span<const std::size_t> labels) {
  const std::size_t n = labels.size();
  if (points.size() != 2 * n)
    throw std::invalid_argument("best_halfplane: points of the plane are two numbers a label");
  constexpr double rounding = 1e-12;                // of angles, and of projections as parts of the extent
  double extent = 0;                                // the longest distance from the first point, in x or y
  std::vector<double> angles{0, std::numbers::pi};  // of the directions in which two points are level
  for (std::size_t i = 0; i < n; ++i) {
    if (labels[i] > 1) throw std::invalid_argument("best_halfplane: labels are 0 and 1");
    for (std::size_t j = 0; j < i; ++j) {
      const double dx = points[2 * i] - points[2 * j], dy = points[2 * i + 1] - points[2 * j + 1];
      const double angle = std::atan2(dx, -dy);  // of the normal
      if (j == 0) extent = std::max({extent, std::abs(dx), std::abs(dy)});
      if (dx != 0 || dy != 0) angles.push_back(angle < 0 ? angle + std::numbers::pi : angle);
    }
  }
  std::sort(angles.begin(), angles.end());
  const std::size_t ones = static_cast<std::size_t>(std::count(labels.begin(), labels.end(), 1u));
  std::size_t best = std::max(ones, n - ones);
  std::vector<std::pair<double, std::size_t>> line(n);
  for (std::size_t k = 1; k < angles.size(); ++k) {
    if (angles[k] - angles[k - 1] < rounding) continue;  // three points in line: one direction, rounded twice
    const double angle = (angles[k] + angles[k - 1]) / 2, x = std::cos(angle), y = std::sin(angle);
    for (std::size_t i = 0; i < n; ++i)
      line[i] = {x * (points[2 * i] - points[0]) + y * (points[2 * i + 1] - points[1]), labels[i]};
    std::sort(line.begin(), line.end());
    std::size_t right = ones;  // those of label 1, while the border has all points on its right
    for (std::size_t i = 0; i < n; ++i) {
      right = line[i].second == 0 ? right + 1 : right - 1;  // the border passes point i
      if (i + 1 == n || line[i + 1].first - line[i].first > rounding * extent)
        best = std::max({best, right, n - right});
    }
  }
  return best;
}

}  // namespace taut
