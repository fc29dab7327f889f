// SPDX-License-Identifier: Apache-2.0
// Which learning rates are usable: those whose training ends with the accuracy that is wanted.
//
//   rate_sweep tried;
//   for (const double rate : geometric(0.01, 10, 2)) tried.push_back({rate, accuracy of a training at this rate});
//   largest_usable(tried, 0.9);  usable_range(tried, 0.9);                            // 100: over two decades
#pragma once
#include <cmath>
#include <stdexcept>
#include <vector>

namespace taut {

/// One training.
struct rate_trial {
  double rate = 0;
  double accuracy = 0;  ///< 0 where `fit` threw because the loss became infinite
};
/// Trainings that differ in their learning rates alone.
using rate_sweep = std::vector<rate_trial>;

/// first, first factor, first factor^2, ... up to last, which counts if only roundings lie between.
/// @throws std::invalid_argument unless first > 0, last is finite and factor > 1
[[nodiscard]] inline std::vector<double> geometric(double first, double last, double factor) {
  if (!(first > 0) || !std::isfinite(last) || !(factor > 1))
    throw std::invalid_argument("a geometric sequence needs first > 0, a finite last and factor > 1");
  std::vector<double> numbers;
  for (double x = first; x <= last * (1 + 1e-12); x *= factor) numbers.push_back(x);
  return numbers;
}

/// The largest rate tried whose accuracy is at least `wanted`; 0 if there is none.
[[nodiscard]] inline double largest_usable(const rate_sweep& tried, double wanted) {
  double largest = 0;
  for (const rate_trial& t : tried)
    if (t.accuracy >= wanted && t.rate > largest) largest = t.rate;
  return largest;
}

/// The largest usable rate over the smallest; 0 if none is usable.
[[nodiscard]] inline double usable_range(const rate_sweep& tried, double wanted) {
  const double largest = largest_usable(tried, wanted);
  double smallest = largest;
  for (const rate_trial& t : tried)
    if (t.accuracy >= wanted && t.rate < smallest) smallest = t.rate;
  return largest > 0 ? largest / smallest : 0;
}

}  // namespace taut
