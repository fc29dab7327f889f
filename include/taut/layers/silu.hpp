// SPDX-License-Identifier: Apache-2.0
// SiLU: y = x / (1 + e^-x), element by element.
//
// Lipschitz   1.0998393201..., the slope at 2.3993572805...; exact
// Range       [-0.2784647, infinity]; float: below 2.5 ulp for x > -88.72, 0 below
// Gradient    dx = (s + x s (1 - s)) dy with s = 1 / (1 + e^-x)
// Example     Input<16> >> Linear<16> >> SiLU
#pragma once
#include <taut/net/layer.hpp>
#include <taut/simd/lane.hpp>
#include <taut/simd/math.hpp>

namespace taut::layer {

/// The sigmoid linear unit, also called swish.
struct silu : pointwise_layer {
  static constexpr auto name = base::say("SiLU");
  static constexpr bool homogeneous = false;
  /// The minimum -0.278464542... is attained at -1.278464542...; the last digits are room for rounding.
  static constexpr output_range range{.lower = -0.2784647};
  template <class V> static constexpr V apply(V x) {
    return simd::max(x, V(-1000)) / (V(1) + simd::exp(-x));  // the bound: 0 at -infinity
  }
  template <class V> static constexpr V derivative(V x, V) {
    const V e = simd::exp(-simd::abs(x)), larger = V(1) / (V(1) + e), smaller = e * larger;  // of s and 1 - s
    const V s = simd::select(simd::less(x, V(0)), smaller, larger),
            bounded = simd::min(simd::max(x, V(-1000)), V(1000));
    return simd::multiply_add(bounded * smaller, larger, s);
  }

  static constexpr kernel_error accuracy{.of_output = 6, .absolute = 0x1p-117};
  static constexpr auto lipschitz(shape) { return constant(1.0998393201288671); }
  static constexpr double least_slope = -0.0998393201288670;  ///< at -2.3993572805..., since y(x) - y(-x) = x
  static constexpr double curvature(shape) { return 0.5; }    ///< largest |y''|: at 0
};

}  // namespace taut::layer

namespace taut {
/// y = x / (1 + e^-x).
inline constexpr layer::silu SiLU{};
}  // namespace taut
