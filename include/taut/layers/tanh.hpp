// SPDX-License-Identifier: Apache-2.0
// Tanh: y = tanh(x), element by element.
//
// Lipschitz   1, attained at 0
// Gradient    dx = (1 - y^2) dy
// Example     Input<16> >> Linear<16> >> Tanh
#pragma once
#include <taut/net/layer.hpp>
#include <taut/simd/math.hpp>

namespace taut::layer {

/// The hyperbolic tangent.
struct tanh : pointwise_layer {
  static constexpr auto name = base::say("Tanh");
  static constexpr bool homogeneous = false;
  static constexpr output_range range{-1, 1};
  template <class V> [[gnu::always_inline]] static constexpr V apply(V x) { return simd::tanh(x); }
  template <class V> static constexpr V derivative(V, V y) { return V(1) - y * y; }

  static constexpr kernel_error accuracy{.of_output = 12};
  static constexpr auto lipschitz(shape) { return constant(1); }
  static constexpr double least_slope = 0;
  static constexpr double curvature(shape) { return 0.76980035891950113; }  ///< largest |y''|: 4 / 3^1.5
};

}  // namespace taut::layer

namespace taut {
/// y = tanh(x).
inline constexpr layer::tanh Tanh{};
}  // namespace taut
