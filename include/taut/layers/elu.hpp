// SPDX-License-Identifier: Apache-2.0
// ELU: y = x for x > 0, e^x - 1 otherwise, element by element.
//
// Lipschitz   1, attained for x > 0
// Range       [-1, infinity]; float: below 1.1 ulp, also near 0
// Gradient    dx = dy where x > 0, else e^x dy
// Example     Input<16> >> Linear<16> >> ELU
#pragma once
#include <taut/net/layer.hpp>
#include <taut/simd/lane.hpp>
#include <taut/simd/math.hpp>

namespace taut::layer {

/// The exponential linear unit with alpha = 1.
struct elu : pointwise_layer {
  static constexpr auto name = base::say("ELU");
  static constexpr bool homogeneous = false;
  static constexpr output_range range{.lower = -1};
  template <class V> static constexpr V apply(V x) {
    return simd::select(simd::less(x, V(0)), simd::expm1(simd::min(x, V(0))), x);
  }
  template <class V> static constexpr V derivative(V x, V) { return simd::exp(simd::min(x, V(0))); }

  static constexpr kernel_error accuracy{.of_output = 4};
  static constexpr auto lipschitz(shape) { return constant(1); }
  static constexpr double least_slope = 0;
  static constexpr double curvature(shape) { return 1; }  ///< the slope is e^x below 0 and 1 above
};

}  // namespace taut::layer

namespace taut {
/// y = x for x > 0, e^x - 1 otherwise.
inline constexpr layer::elu ELU{};
}  // namespace taut
