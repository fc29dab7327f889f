// SPDX-License-Identifier: Apache-2.0
// ReLU: y = max(x, 0), element by element.
//
// Lipschitz   1, attained for x > 0
// Gradient    dx = dy where x > 0, else 0
// Example     Input<64> >> Linear<32> >> ReLU
#pragma once
#include <taut/net/layer.hpp>
#include <taut/simd/lane.hpp>

namespace taut::layer {

/// The rectifier.
struct relu : pointwise_layer {
  static constexpr auto name = base::say("ReLU");
  static constexpr bool homogeneous = true;
  static constexpr output_range range{.lower = 0};
  template <class V> static constexpr V apply(V x) { return simd::max(x, V(0)); }
  template <class V> static constexpr V derivative(V x, V) { return simd::select(simd::less(V(0), x), V(1), V(0)); }

  static constexpr kernel_error accuracy{};
  static constexpr auto lipschitz(shape) { return constant(1); }
  static constexpr double least_slope = 0;
};

}  // namespace taut::layer

namespace taut {
/// y = max(x, 0).
inline constexpr layer::relu ReLU{};
}  // namespace taut
