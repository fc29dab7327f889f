// SPDX-License-Identifier: Apache-2.0
// Softsign: y = x / (1 + |x|), element by element.
//
// Lipschitz   1, attained at 0
// Range       [-1, 1]; float: below 1.5 ulp
// Gradient    dx = dy / (1 + |x|)^2
// Example     Input<16> >> Linear<16> >> Softsign
#pragma once
#include <taut/net/layer.hpp>
#include <taut/simd/lane.hpp>

namespace taut::layer {

/// A sigmoid without an exponential.
struct softsign : pointwise_layer {
  static constexpr auto name = base::say("Softsign");
  static constexpr bool homogeneous = false;
  static constexpr output_range range{-1, 1};
  template <class V> static constexpr V apply(V x) {
    const V bounded = simd::min(simd::max(x, V(-1e30f)), V(1e30f));  // infinity over infinity would be no number
    return bounded / (V(1) + simd::abs(bounded));
  }
  template <class V> static constexpr V derivative(V x, V) {
    const V shrink = V(1) / (V(1) + simd::abs(x));
    return shrink * shrink;
  }

  static constexpr kernel_error accuracy{.of_output = 3};
  static constexpr auto lipschitz(shape) { return constant(1); }
  static constexpr double least_slope = 0;
  static constexpr double curvature(shape) { return 2; }  ///< largest |y''|: on either side of 0
};

}  // namespace taut::layer

namespace taut {
/// y = x / (1 + |x|).
inline constexpr layer::softsign Softsign{};
}  // namespace taut
