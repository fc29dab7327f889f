// SPDX-License-Identifier: Apache-2.0
// Vectors of doubles: x' y, |x|, x / |x|. Example: base::normalized(w) lies on the unit sphere.
#pragma once
#include <cmath>
#include <cstddef>
#include <numeric>
#include <span>
#include <vector>

namespace taut::base {

/// x' y. @pre as many elements
[[nodiscard]] inline double dot(std::span<const double> x, std::span<const double> y) {
  return std::inner_product(x.begin(), x.end(), y.begin(), 0.0);
}

/// |x|.
[[nodiscard]] inline double length(std::span<const double> x) { return std::sqrt(dot(x, x)); }

/// x / |x|. @pre |x| > 0
[[nodiscard]] inline std::vector<double> normalized(std::span<const double> x) {
  std::vector<double> unit(x.begin(), x.end());
  const double size = length(x);
  for (double& value : unit) value /= size;
  return unit;
}

/// y += a x. @pre as many elements
inline void add(std::span<double> y, double a, std::span<const double> x) {
  for (std::size_t i = 0; i < y.size(); ++i) y[i] += a * x[i];
}

}  // namespace taut::base
