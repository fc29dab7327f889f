// SPDX-License-Identifier: Apache-2.0
// The length of all weights of a network together, and the same weights made longer or shorter. Weights are the
// trainable tensors of two axes or more: matrices, kernels, and what parametrized layers keep in their place (raw
// rows with their lengths). Biases, gains and offsets are none.
//
//   initialise(p, 7);  scale_weights(p, 3);            // an initialization three times as large
//   fit(p, data, batch<64>{}, {.on_epoch = [&](const epoch_report&) { lengths.push_back(weight_length(p)); }});
//
// Without weight decay the length of scale-invariant weights is constant under gradient flow, for <gradient, w> = 0,
// and steps of plain gradient descent make it larger.
#pragma once
#include <cmath>
#include <concepts>
#include <cstddef>
#include <span>
#include <taut/net/parameters.hpp>
#include <type_traits>

namespace taut {

namespace base {

/// Calls f(span) for each tensor of weights of the first `layers` layers.
template <class Net, class P> constexpr void for_each_weight(P& p, std::size_t layers, auto&& f) {
  for_each_layer<Net>([&]<std::size_t I>(std::size_t number) {
    if (number >= layers) return;
    for_each_tensor_of_layer(parameters_at<I>(p, number), [&](const tensor_info& info, auto& values) {
      if constexpr (std::floating_point<std::remove_cvref_t<decltype(values[0])>>)
        if (info.purpose == role::trainable && info.extents.rank >= 2) f(std::span(values));
    });
  });
}

}  // namespace base

/// The Euclidean length of all weights together, or of those of the first `layers` layers; summed in double.
template <class Net, class Real>
[[nodiscard]] double weight_length(const parameters<Net, Real>& p, std::size_t layers = Net::depth) {
  double sum = 0;
  base::for_each_weight<Net>(p, layers, [&](auto values) {
    for (const Real w : values) sum += static_cast<double>(w) * static_cast<double>(w);
  });
  return std::sqrt(sum);
}

/// Multiplies all weights by a factor, each rounded once. The matrix of a weight norm is scaled by it, that of a
/// spectral norm stays.
template <class Net, class Real> constexpr void scale_weights(parameters<Net, Real>& p, double factor) {
  base::for_each_weight<Net>(p, Net::depth, [&](auto values) {
    for (Real& w : values) w = static_cast<Real>(static_cast<double>(w) * factor);
  });
}

}  // namespace taut
