// SPDX-License-Identifier: Apache-2.0
// Spearman's rank correlation: do two quantities order the same things alike? 1 if each order is the other's, -1 if it
// is its reverse, near 0 if neither tells anything of the other. Equal numbers share the mean of their ranks.
//
//   rank_correlation(bounds, gaps)          // one number a network: does the bound know which one generalizes?
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <span>
#include <stdexcept>
#include <vector>

namespace taut {

/// The place of each number among all, from 1; equal numbers have the mean of theirs.
/// @throws std::invalid_argument if one is not a number (NaN).
[[nodiscard]] inline std::vector<double> ranks_of(std::span<const double> numbers) {
  if (std::ranges::any_of(numbers, [](double x) { return std::isnan(x); }))
    throw std::invalid_argument("ranks_of: NaN has no place among numbers");
  std::vector<std::size_t> order(numbers.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [numbers](std::size_t i) { return numbers[i]; });
  std::vector<double> ranks(numbers.size());
  for (std::size_t first = 0, end = 0; first < order.size(); first = end) {
    while (end < order.size() && numbers[order[end]] == numbers[order[first]]) ++end;
    for (std::size_t i = first; i < end; ++i) ranks[order[i]] = 0.5 * static_cast<double>(first + 1 + end);
  }
  return ranks;
}

/// The correlation of the ranks of a and b; 0 if all numbers of one are equal.
/// @throws std::invalid_argument unless there are equally many, or if one is NaN.
[[nodiscard]] inline double rank_correlation(std::span<const double> a, std::span<const double> b) {
  if (a.size() != b.size()) throw std::invalid_argument("rank_correlation: each number of a belongs to one of b");
  const std::vector<double> x = ranks_of(a), y = ranks_of(b);
  const double mean = 0.5 * static_cast<double>(a.size() + 1);
  double xx = 0, yy = 0, xy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xx += (x[i] - mean) * (x[i] - mean);
    yy += (y[i] - mean) * (y[i] - mean);
    xy += (x[i] - mean) * (y[i] - mean);
  }
  return xx > 0 && yy > 0 ? xy / std::sqrt(xx * yy) : 0;
}

}  // namespace taut
