// SPDX-License-Identifier: Apache-2.0
// What the tests of normalizers share: PyTorch's formulas, written out in long double on runs of neighbours.
#pragma once
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

namespace taut::tests {

/// (x - mean) / sqrt(biased variance + epsilon), or x / sqrt(mean(x^2) + epsilon), for each `size` neighbours.
inline std::vector<double> projected(std::span<const double> x, std::size_t size, bool centred, double epsilon) {
  std::vector<double> z(x.size());
  const auto n = static_cast<long double>(size);
  for (std::size_t first = 0; first < x.size(); first += size) {
    long double mean = 0, variance = 0;
    for (std::size_t i = first; centred && i < first + size; ++i) mean += static_cast<long double>(x[i]) / n;
    for (std::size_t i = first; i < first + size; ++i) {
      const long double c = static_cast<long double>(x[i]) - mean;
      variance += c * c / n;
    }
    for (std::size_t i = first; i < first + size; ++i)
      z[i] = static_cast<double>((static_cast<long double>(x[i]) - mean) /
                                 std::sqrt(variance + static_cast<long double>(epsilon)));
  }
  return z;
}

}  // namespace taut::tests
