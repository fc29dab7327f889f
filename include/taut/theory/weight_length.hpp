// SPDX-License-Identifier: Apache-2.0
// The length of all weights of a network together, and the same weights made longer or shorter. Weights are the
// trainable tensors of two axes or more: matrices, kernels, and what parametrized layers keep in their place (raw
// rows with their lengths). Biases, gains and offsets are none.
//
//   initialise(p, 7);  scale_weights(p, 3);            // an initialization three times as large
//   fit(p, data, batch<64>{}, {.on_epoch = [&](const epoch_report&) { lengths.push_back(weight_length(p)); }});
//
// Without weight decay the length of scale-invariant weights never shrinks under gradient flow: <gradient, w> = 0.
#pragma once
#include <cmath>
#include <concepts>
#include <cstddef>
#include <taut/net/parameters.hpp>

namespace taut {

namespace base {

/// Calls f(span) for each tensor of weights.
template <class P> constexpr void for_each_weight(P& p, auto&& f) {
  for_each_described_tensor(p, [&](const tensor_info& info, auto values) {
    if constexpr (std::floating_point<typename decltype(values)::value_type>)
      if (info.purpose == role::trainable && info.extents.rank >= 2) f(values);
  });
}

}  // namespace base

/// The Euclidean length of all weights together, summed in double.
template <class Net, class Real> [[nodiscard]] double weight_length(const parameters<Net, Real>& p) {
  double sum = 0;
  base::for_each_weight(p, [&](auto values) {
    for (const Real w : values) sum += static_cast<double>(w) * static_cast<double>(w);
  });
  return std::sqrt(sum);
}

/// Multiplies all weights by a factor, each rounded once. The matrix of a weight norm is scaled by it, that of a
/// spectral norm stays.
template <class Net, class Real> constexpr void scale_weights(parameters<Net, Real>& p, double factor) {
  base::for_each_weight(p, [&](auto values) {
    for (Real& w : values) w = static_cast<Real>(static_cast<double>(w) * factor);
  });
}

}  // namespace taut
