// SPDX-License-Identifier: Apache-2.0
// For peers whose library multiplies only: normalization and activation as plain loops, in place. y is [rows][channels];
// the rows are samples, or the positions of one signal, whose groups are pooled together.
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <vector>

#include "benchmarks/plugin.hpp"

namespace taut::benchmarks {

/// The normalization of `count` elements in `rows` rows of `stride`, and what follows it.
inline void normalize(const block& b, const float* gain, const float* offset, std::size_t rows, std::size_t count,
                      std::size_t stride, float* y) {
  const float share = 1.0f / static_cast<float>(rows * count);
  float mean = 0, variance = 0;
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t i = 0; i < count; ++i) mean += y[r * stride + i];
  mean *= share;
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t i = 0; i < count; ++i) variance += (y[r * stride + i] - mean) * (y[r * stride + i] - mean);
  const float scale = 1 / std::sqrt(variance * share + static_cast<float>(epsilon));
  const float least = b.act == activation::relu ? 0 : -1e30f;
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t i = 0; i < count; ++i) {
      float t = (y[r * stride + i] - mean) * scale;
      if (b.affine) t = t * gain[i] + offset[i];
      y[r * stride + i] = t > least ? t : least;
    }
}

/// What follows the affine map of a dense block, for `samples` rows of b.out.
inline void finish_rows(const block& b, const block_weights& w, std::size_t samples, float* y) {
  if (b.normalizes()) {
    for (std::size_t s = 0; s < samples; ++s) normalize(b, w.gain, w.offset, 1, b.out, b.out, y + s * b.out);
  } else if (b.act == activation::relu) {
    for (std::size_t i = 0; i < samples * b.out; ++i) y[i] = y[i] > 0 ? y[i] : 0;
  } else if (b.act == activation::tanh) {
    for (std::size_t i = 0; i < samples * b.out; ++i) y[i] = std::tanh(y[i]);
  }
}

/// A dense network whose products a library adds to the biases, layer by layer.
struct layer_by_layer {
  const net* network;
  std::vector<std::vector<float>> bias;
  std::vector<block_weights> weights;
  std::array<std::vector<float>, 2> buffer;

  explicit layer_by_layer(const problem& p) : network(p.network) {
    for (std::size_t l = 0; l < network->depth; ++l) {
      const block& b = network->blocks[l];
      if (b.bias) bias.emplace_back(p.folded[l].bias, p.folded[l].bias + b.out);
      else bias.emplace_back(b.out, 0.0f);
      weights.push_back(p.folded[l]);
    }
    for (auto& buf : buffer) buf.resize(batch_size * network->widest());
  }
  static bool accepts(const net& n) { return n.dense(); }

  /// add_product(l, x, to) adds W x of layer l to what is there, for each sample.
  void run(const float* x, float* y, std::size_t samples, auto&& add_product) {
    for (std::size_t l = 0; l < network->depth; ++l) {
      const block& b = network->blocks[l];
      float* const to = l + 1 == network->depth ? y : buffer[l % 2].data();
      for (std::size_t s = 0; s < samples; ++s) std::copy_n(bias[l].data(), b.out, to + s * b.out);
      add_product(l, x, to);
      finish_rows(b, weights[l], samples, to);
      x = to;
    }
  }
};

/// What follows the affine map of a convolution, for one signal [position][channel].
inline void finish_signal(const block& b, const block_weights& w, float* y) {
  const std::size_t channels = b.out / b.groups;
  for (std::size_t g = 0; g < b.groups; ++g)
    normalize(b, w.gain + g * channels, w.offset + g * channels, b.positions(), channels, b.out, y + g * channels);
}

/// The mean over positions of a signal [position][channel].
inline void average(const block& b, const float* x, float* y) {
  for (std::size_t c = 0; c < b.out; ++c) y[c] = 0;
  for (std::size_t p = 0; p < b.positions(); ++p)
    for (std::size_t c = 0; c < b.out; ++c) y[c] += x[p * b.out + c];
  for (std::size_t c = 0; c < b.out; ++c) y[c] *= 1.0f / static_cast<float>(b.positions());
}

}  // namespace taut::benchmarks
