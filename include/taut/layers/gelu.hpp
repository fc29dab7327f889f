// SPDX-License-Identifier: Apache-2.0
// GELU: y = x Phi(x) with Phi(x) = (1 + erf(x / sqrt 2)) / 2, element by element.
//
// Lipschitz   1.1289041451..., the slope at sqrt 2: Phi(sqrt 2) + e^-1 / sqrt(pi); exact
// Range       [-0.1699713, infinity]; float: below 6.5 ulp (7 where the target does not fuse) for x > -12.9, 0 from
//             -13.2 down
// Gradient    dx = (Phi(x) + x e^(-x^2 / 2) / sqrt(2 pi)) dy
// Example     Input<16> >> Linear<16> >> GELU
#pragma once
#include <taut/net/layer.hpp>
#include <taut/simd/error_function.hpp>
#include <taut/simd/lane.hpp>

namespace taut::layer {

/// The Gaussian error linear unit.
struct gelu : pointwise_layer {
  static constexpr auto name = base::say("GELU");
  static constexpr bool homogeneous = false;
  /// The minimum -0.169971207... is attained at -0.751791524...; the last digits are room for rounding.
  static constexpr output_range range{.lower = -0.1699713};
  template <class V> static constexpr V apply(V x) {
    const V t = simd::min(simd::abs(x), V(40));  // x Phi(x) = max(x, 0) - t Phi(-t) with t = |x|
    return simd::max(x, V(0)) - simd::as_written(t * simd::normal_tail(t));
  }
  template <class V> static constexpr V derivative(V x, V) {
    const V t = simd::min(simd::abs(x), V(40)), slope = simd::number<V>(-0.39894228040143268);  // -1 / sqrt(2 pi)
    const V left = simd::gaussian(t) * simd::multiply_add(t, slope, simd::scaled_tail(t));      // at -t
    return simd::select(simd::less(x, V(0)), left, V(1) - left);
  }

  static constexpr kernel_error accuracy{.of_output = 14, .absolute = 0x1p-117};
  static constexpr auto lipschitz(shape) { return constant(1.128904145185155); }
  static constexpr double least_slope = -0.1289041451851549;                ///< at -sqrt 2, since y(x) - y(-x) = x
  static constexpr double curvature(shape) { return 0.79788456080286541; }  ///< largest |y''|: sqrt(2 / pi), at 0
};

}  // namespace taut::layer

namespace taut {
/// y = x Phi(x), Phi by erf: PyTorch's default. The other form is GELUTanh.
inline constexpr layer::gelu GELU{};
}  // namespace taut
