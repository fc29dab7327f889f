// SPDX-License-Identifier: Apache-2.0
// Adam with decoupled weight decay (Loshchilov, Hutter 2019), as PyTorch's AdamW defines it; in step t = 1, 2, ...
//
//   w <- (1 - rate weight_decay) w         m <- beta1 m + (1 - beta1) g         s <- beta2 s + (1 - beta2) g^2
//   w <- w - rate (m / (1 - beta1^t)) / (sqrt(s / (1 - beta2^t)) + epsilon)
//
// Example: fit(p, data, batch<32>{}, {.learning_rate = 1e-3}, adamw{.weight_decay = 0});
#pragma once
#include <cassert>
#include <cmath>
#include <cstddef>
#include <taut/train/optimizer.hpp>
#include <vector>

namespace taut {

/// Adam with decoupled weight decay: of weights, gains and biases alike, as in PyTorch.
struct adamw {
  double beta1 = 0.9;    ///< what is kept of the mean gradient in a step
  double beta2 = 0.999;  ///< what is kept of the mean square
  double epsilon = 1e-8;
  double weight_decay = 0.01;
  std::vector<std::vector<float>> mean = {}, square = {};  ///< of each tensor; made by the first step
  double power1 = 1, power2 = 1;                           ///< beta1^t and beta2^t

  /// One step against the gradients. @pre the same tensors at every step
  void step(const tensor_list& values, const tensor_list& gradients, double rate) {
    assert(values.size() == gradients.size());
    if (mean.empty())
      for (const auto& tensor : values) mean.emplace_back(tensor.size()), square.emplace_back(tensor.size());
    power1 *= beta1, power2 *= beta2;
    const auto keep = static_cast<float>(1 - rate * weight_decay), length = static_cast<float>(rate / (1 - power1)),
               correction = static_cast<float>(1 / std::sqrt(1 - power2)), floor = static_cast<float>(epsilon),
               old_mean = static_cast<float>(beta1), new_mean = static_cast<float>(1 - beta1),
               old_square = static_cast<float>(beta2), new_square = static_cast<float>(1 - beta2);
    for (std::size_t t = 0; t < values.size(); ++t) {
      float* const w = values[t].data();
      float* const m = mean[t].data();
      float* const s = square[t].data();
      const float* const g = gradients[t].data();
      for (std::size_t i = 0; i < values[t].size(); ++i) {
        m[i] = old_mean * m[i] + new_mean * g[i];
        s[i] = old_square * s[i] + new_square * (g[i] * g[i]);
        w[i] = keep * w[i] - length * m[i] / (std::sqrt(s[i]) * correction + floor);
      }
    }
  }
};

}  // namespace taut
