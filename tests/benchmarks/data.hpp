// SPDX-License-Identifier: Apache-2.0
// Random weights of a network, and what it computes with them: the reference in double that every peer must agree with.
#pragma once
#include <cmath>
#include <cstddef>
#include <random>
#include <vector>

#include "benchmarks/plugin.hpp"

namespace taut::benchmarks {

/// What weights look like: those of a trained net in general, or with offsets of normalizations that are all 0.
enum class offsets { random, zero };

/// Of the weights that are timed; peers may have them as constants.
inline constexpr unsigned weight_seed = 5;

/// The weights of a network, a function of the network and the seed. Biases, gains and offsets are nonzero and some gains
/// negative, as training leaves them.
class random_weights {
 public:
  random_weights(const net& n, offsets what, unsigned seed) : network(&n) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    for (std::size_t i = 0; i < n.depth; ++i) {
      const block& b = n.blocks[i];
      const float size = 1 / std::sqrt(static_cast<float>(b.in * b.kernel));
      block_weights w;
      w.weight = keep(b.weights(), [&] { return size * normal(random); });
      if (b.bias) w.bias = keep(b.out, [&] { return 0.3f * normal(random); });
      if (b.norm != normalization::none && b.affine) {
        w.gain = keep(b.out, [&] {
          const float gain = 0.5f + std::fabs(normal(random));
          return random() % 16 == 0 ? -gain : gain;
        });
        w.offset = keep(b.out, [&] { return what == offsets::zero ? 0 : 0.3f * normal(random); });
      }
      if (b.norm == normalization::batch) {
        w.mean = keep(b.out, [&] { return 0.3f * normal(random); });
        w.variance = keep(b.out, [&] { return 0.5f + std::fabs(normal(random)); });
      }
      raw.push_back(w);
      folded.push_back(b.norm == normalization::batch ? fold(b, w) : w);
    }
  }

  problem given() const { return {network, raw.data(), folded.data()}; }

 private:
  const net* network;
  std::vector<std::vector<float>> storage;
  std::vector<block_weights> raw, folded;

  template <class F> const float* keep(std::size_t count, F&& value) {
    std::vector<float> values(count);
    for (float& v : values) v = value();
    storage.push_back(std::move(values));
    return storage.back().data();
  }

  // The batch normalization multiplied into weight and bias, in double, rounded once.
  block_weights fold(const block& b, const block_weights& w) {
    const auto scale = [&](std::size_t i) { return w.gain[i] / std::sqrt(w.variance[i] + epsilon); };
    block_weights f;
    std::size_t at = 0;
    f.weight = keep(b.weights(), [&] {
      const std::size_t i = at / (b.in * b.kernel);
      return static_cast<float>(scale(i) * w.weight[at++]);
    });
    std::size_t row = 0;
    f.bias = keep(b.out, [&] {
      const std::size_t i = row++;
      return static_cast<float>(scale(i) * (static_cast<double>(w.bias[i]) - w.mean[i]) + w.offset[i]);
    });
    return f;
  }
};

/// The output for one sample, in double, from the raw weights, step by step.
inline std::vector<double> reference(const problem& p, const float* input) {
  const net& n = *p.network;
  std::vector<double> x(input, input + n.inputs());
  for (std::size_t l = 0; l < n.depth; ++l) {
    const block& b = n.blocks[l];
    const block_weights& w = p.raw[l];
    const std::size_t positions = b.positions();
    std::vector<double> y(b.out * positions);
    for (std::size_t i = 0; i < b.out; ++i)
      for (std::size_t q = 0; q < positions; ++q) {
        double sum = b.bias ? w.bias[i] : 0;
        for (std::size_t j = 0; j < b.in; ++j)
          for (std::size_t k = 0; k < b.kernel; ++k) {
            const std::size_t at = q * b.stride + k;
            if (at >= b.padding && at < b.padding + b.length)
              sum += static_cast<double>(w.weight[(i * b.in + j) * b.kernel + k]) * x[j * b.length + at - b.padding];
          }
        y[i * positions + q] = sum;
      }
    for (std::size_t g = 0; b.normalizes() && g < b.groups; ++g) {
      double* const run = &y[g * b.pooled()];
      double mean = 0, variance = 0;
      for (std::size_t i = 0; i < b.pooled(); ++i) mean += run[i] / static_cast<double>(b.pooled());
      for (std::size_t i = 0; i < b.pooled(); ++i)
        variance += (run[i] - mean) * (run[i] - mean) / static_cast<double>(b.pooled());
      for (std::size_t i = 0; i < b.pooled(); ++i) run[i] = (run[i] - mean) / std::sqrt(variance + epsilon);
    }
    for (std::size_t i = 0; i < y.size(); ++i) {
      const std::size_t c = i / positions;
      if (b.norm == normalization::batch) y[i] = (y[i] - w.mean[c]) / std::sqrt(w.variance[c] + epsilon);
      if (b.norm != normalization::none && b.affine) y[i] = y[i] * w.gain[c] + w.offset[c];
      if (b.act == activation::relu) y[i] = std::fmax(y[i], 0.0);
      if (b.act == activation::tanh) y[i] = std::tanh(y[i]);
    }
    if (b.averaged) {
      std::vector<double> means(b.out);
      for (std::size_t i = 0; i < y.size(); ++i) means[i / positions] += y[i] / static_cast<double>(positions);
      y = means;
    }
    x = std::move(y);
  }
  return x;
}

/// A batch of inputs, normally distributed.
inline std::vector<float> random_inputs(const net& n, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> x(batch_size * n.inputs());
  for (float& v : x) v = normal(random);
  return x;
}

}  // namespace taut::benchmarks
