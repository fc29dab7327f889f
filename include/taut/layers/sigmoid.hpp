// SPDX-License-Identifier: Apache-2.0
// Sigmoid: y = 1 / (1 + e^-x), element by element.
//
// Lipschitz   1/4, attained at 0
// Range       [0, 1]; float: below 2.5 ulp for x > -88.72, 0 below
// Gradient    dx = y (1 - y) dy, computed from x, because 1 - y has no digits where y is near 1
// Example     Input<16> >> Linear<16> >> Sigmoid
#pragma once
#include <taut/net/layer.hpp>
#include <taut/simd/lane.hpp>
#include <taut/simd/math.hpp>

namespace taut::layer {

/// The logistic function.
struct sigmoid : pointwise_layer {
  static constexpr auto name = base::say("Sigmoid");
  static constexpr bool homogeneous = false;
  static constexpr output_range range{0, 1};
  template <class V> static constexpr V apply(V x) { return simd::sigmoid(x); }
  template <class V> static constexpr V derivative(V x, V) {
    const V e = simd::exp(-simd::abs(x)), larger = V(1) / (V(1) + e);  // of y and 1 - y; the other is e times that
    return e * larger * larger;
  }

  static constexpr kernel_error accuracy{.of_output = 6, .absolute = 0x1p-117};
  static constexpr auto lipschitz(shape) { return constant(0.25); }
  static constexpr double least_slope = 0;
  static constexpr double curvature(shape) { return 0.0962250448649377; }  ///< largest |y''|: 1 / (6 sqrt 3)
};

}  // namespace taut::layer

namespace taut {
/// y = 1 / (1 + e^-x).
inline constexpr layer::sigmoid Sigmoid{};
}  // namespace taut
