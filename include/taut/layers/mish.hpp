// SPDX-License-Identifier: Apache-2.0
// Mish: y = x tanh(ln(1 + e^x)), element by element.
//
// Lipschitz   1.0884981612517..., the slope at 1.490571179...; exact
// Range       [-0.3088436, infinity]; float: below 5 ulp for x > -86.9, 0 below
// Gradient    dx = (w + x (1 - w^2) / (1 + e^-x)) dy with w = tanh(ln(1 + e^x))
// Example     Input<16> >> Linear<16> >> Mish
#pragma once
#include <taut/net/layer.hpp>
#include <taut/simd/lane.hpp>
#include <taut/simd/math.hpp>

namespace taut::layer {

/// A smooth, self-gated rectifier.
struct mish : pointwise_layer {
  static constexpr auto name = base::say("Mish");
  static constexpr bool homogeneous = false;
  /// The minimum -0.308843413... is attained at -1.192431214...; the last digits are room for rounding.
  static constexpr output_range range{.lower = -0.3088436};
  template <class V> static constexpr V apply(V x) {
    return simd::max(x, V(-1000)) * gate(x).open;  // the bound: 0 at -infinity
  }
  template <class V> static constexpr V derivative(V x, V) {
    const auto [w, shut] = gate(x);
    const V bounded = simd::min(simd::max(x, V(-1000)), V(1000));  // infinity times 0 would be no number
    return simd::multiply_add(bounded * simd::sigmoid(x), shut * (V(1) + w), w);
  }

  static constexpr kernel_error accuracy{.of_output = 10, .absolute = 0x1p-117};
  static constexpr auto lipschitz(shape) { return constant(1.088498161251728); }
  static constexpr double least_slope = -0.1125261223894626;               ///< at -2.2563763963...
  static constexpr double curvature(shape) { return 0.6442046372369725; }  ///< largest |y''|: at -0.0879344313...

 private:
  // w = tanh(ln(1 + e^x)) and 1 - w, without cancellation: n / (n + 2) with n = e^x (e^x + 2), for x > 0 over e^2x.
  template <class V> struct parts {
    V open, shut;
  };
  template <class V> static constexpr parts<V> gate(V x) {
    const V t = simd::exp(-simd::abs(x));
    const auto negative = simd::less(x, V(0));
    const V n = simd::select(negative, t * (t + V(2)), V(1) + V(2) * t),
            rest = simd::select(negative, V(2), V(2) * t * t);
    return {n / (n + rest), rest / (n + rest)};
  }
};

}  // namespace taut::layer

namespace taut {
/// y = x tanh(ln(1 + e^x)).
inline constexpr layer::mish Mish{};
}  // namespace taut
