// SPDX-License-Identifier: Apache-2.0
// An affine map after which features have mean 0 and covariance I: x -> L^-1 (x - mean), L L' the covariance of the
// data. What linear classifiers can do does not change; gradient descent no longer waits for the directions in which
// the data hardly vary. Example: const dataset white = whitened(images);
#pragma once
#include <algorithm>
#include <cstddef>
#include <taut/theory/cholesky.hpp>
#include <taut/train/dataset.hpp>
#include <utility>
#include <vector>

namespace taut {

/// The data with uncorrelated features of variance 1. `ridge`, times the mean variance of a feature, is added to each
/// variance first: features that never differ become 0, and none is blown up by more than 1 / sqrt(ridge) relative to
/// the others. Time: samples * features^2 multiply-adds. @throws std::invalid_argument if there is no feature.
[[nodiscard]] inline dataset whitened(const dataset& data, double ridge = 1e-5) {
  const std::size_t n = data.features(), samples = data.size();
  std::vector<double> mean(n), covariance(n * n), centred(n);
  const double share = 1 / static_cast<double>(samples);
  for (std::size_t s = 0; s < samples; ++s)
    for (std::size_t i = 0; i < n; ++i) mean[i] += share * static_cast<double>(data.inputs(s, i));
  for (std::size_t i = 0; i < n; ++i) {  // of equal numbers, the number itself: no rounding is to be whitened
    std::size_t same = 0;
    while (same < samples && data.inputs(same, i) == data.inputs(0, i)) ++same;
    if (same == samples && samples > 0) mean[i] = static_cast<double>(data.inputs(0, i));
  }
  for (std::size_t s = 0; s < samples; ++s) {
    for (std::size_t i = 0; i < n; ++i) centred[i] = static_cast<double>(data.inputs(s, i)) - mean[i];
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j <= i; ++j) covariance[i * n + j] += share * centred[i] * centred[j];
  }
  double variance = 0;
  for (std::size_t i = 0; i < n; ++i) variance += covariance[i * n + i] / static_cast<double>(n);
  for (std::size_t i = 0; i < n; ++i) covariance[i * n + i] += ridge * variance;
  const cholesky factor(std::move(covariance), n, 1e-14 * variance);

  dataset white = data;
  constexpr std::size_t together = 16;  // samples: columns of one system
  std::vector<double> b(n * together);
  for (std::size_t first = 0; first < samples; first += together) {
    const std::size_t count = std::min(together, samples - first);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t s = 0; s < count; ++s)
        b[i * together + s] = static_cast<double>(data.inputs(first + s, i)) - mean[i];
    factor.solve_lower(b);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t s = 0; s < count; ++s) white.inputs(first + s, i) = static_cast<float>(b[i * together + s]);
  }
  return white;
}

}  // namespace taut
