// SPDX-License-Identifier: Apache-2.0
// Gradient clipping (Pascanu, Mikolov, Bengio 2013): all gradients together are scaled to a length of at most max_norm,
//
//   g <- g min(1, max_norm / |g|)        |g|^2 = the sum of squares over all tensors
//
// before any optimizer's step, as PyTorch's clip_grad_norm_ does (but for its 1e-6 beside |g|).
// Example: fit(p, train, batch<32>{}, options, clipped(sgd{.momentum = 0.9}, 1.0));
#pragma once
#include <cmath>
#include <stdexcept>
#include <taut/train/optimizer.hpp>
#include <utility>

namespace taut {

/// The length of all gradients together, summed in double.
[[nodiscard]] inline double global_norm(const tensor_list& gradients) {
  double sum = 0;
  for (const auto& tensor : gradients)
    for (const float g : tensor) sum += static_cast<double>(g) * static_cast<double>(g);
  return std::sqrt(sum);
}

/// An optimizer that sees gradients of length max_norm at most. Gradients that are not finite are passed on as they
/// are: `fit` reports them by the loss.
template <Optimizer O> struct clipped {
  O inner;
  double max_norm = 1;

  /// @throws std::invalid_argument unless limit >= 0
  explicit clipped(O optimizer, double limit = 1) : inner(std::move(optimizer)), max_norm(limit) {
    if (!(limit >= 0)) throw std::invalid_argument("gradients are clipped to a length of 0 or more");
  }
  /// Scales the gradients where they are, then lets the optimizer step.
  void step(const tensor_list& values, const tensor_list& gradients, double rate) {
    const double length = global_norm(gradients);
    if (length > max_norm && std::isfinite(length)) {
      const auto factor = static_cast<float>(max_norm / length);
      for (const auto& tensor : gradients)
        for (float& g : tensor) g *= factor;
    }
    inner.step(values, gradients, rate);
  }
};

}  // namespace taut
