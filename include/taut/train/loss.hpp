// SPDX-License-Identifier: Apache-2.0
// Softmax cross-entropy: loss = log(sum_j exp(y_j)) - y_label, after subtraction of the largest y.
//
// Gradient    dy = softmax(y) - e_label; each sample counts `share` (1 / N gives the mean over a batch of N)
// Example     tally += softmax_cross_entropy<10>(y, labels, 1.0 / 32, dy);      // V holds as many samples as it has
// lanes
#pragma once
#include <cmath>
#include <cstddef>
#include <span>
#include <taut/simd/lane.hpp>
#include <taut/simd/math.hpp>

namespace taut {

/// Sums over samples.
struct tally {
  double loss = 0;        ///< of the samples, not weighted
  std::size_t right = 0;  ///< samples whose largest output is that of their label

  tally& operator+=(const tally& other) {
    loss += other.loss;
    right += other.right;
    return *this;
  }
};

/// Loss and hits of the samples in the first labels.size() lanes; the other lanes do not count. `dy`, unless it is
/// null, receives the gradient of share * loss, 0 in the other lanes. @pre labels.size() <= width<V>, each label <
/// Classes
template <std::size_t Classes, simd::lane V>
tally softmax_cross_entropy(const V* y, std::span<const std::size_t> labels, double share, V* dy) {
  using real = simd::element<V>;
  constexpr std::size_t width = simd::width<V>;
  V largest = y[0], winner(0), sum(0);
  for (std::size_t i = 1; i < Classes; ++i) {
    const auto above = simd::less(largest, y[i]);
    winner = simd::select(above, simd::number<V>(static_cast<double>(i)), winner);
    largest = simd::select(above, y[i], largest);
  }
  for (std::size_t i = 0; i < Classes; ++i) sum = sum + simd::exp(y[i] - largest);

  tally found;
  real top[width], total[width], chosen[width], lanes[width];
  simd::store(largest, top);
  simd::store(sum, total);
  simd::store(winner, chosen);
  for (std::size_t s = 0; s < labels.size(); ++s) {
    simd::store(y[labels[s]], lanes);
    found.loss +=
        std::log(static_cast<double>(total[s])) + (static_cast<double>(top[s]) - static_cast<double>(lanes[s]));
    found.right += static_cast<std::size_t>(chosen[s]) == labels[s] ? 1 : 0;
  }
  if (dy == nullptr) return found;
  const V scale = simd::number<V>(share) / sum;
  for (std::size_t i = 0; i < Classes; ++i) {
    dy[i] = simd::select_first(simd::exp(y[i] - largest) * scale, labels.size());
  }
  for (std::size_t s = 0; s < labels.size(); ++s) {
    simd::store(dy[labels[s]], lanes);
    lanes[s] -= static_cast<real>(share);
    dy[labels[s]] = simd::load<V>(lanes);
  }
  return found;
}

}  // namespace taut
