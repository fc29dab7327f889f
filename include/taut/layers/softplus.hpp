// SPDX-License-Identifier: Apache-2.0
// Softplus: y = ln(1 + e^x), element by element.
//
// Lipschitz   1, exact: approached for large x
// Range       [0, infinity]; float: below 2 ulp for x > -86.9, 0 below
// Gradient    dx = dy / (1 + e^-x)
// Example     Input<16> >> Linear<16> >> Softplus
//
// PyTorch returns x above 20: a step of 2.1e-9, which in float is no difference at all. In double it would break the
// constant for pairs closer than the step, so here there is none.
#pragma once
#include <taut/net/layer.hpp>
#include <taut/simd/lane.hpp>
#include <taut/simd/logarithm.hpp>
#include <taut/simd/math.hpp>

namespace taut::layer {

/// The smooth rectifier with beta = 1.
struct softplus : pointwise_layer {
  static constexpr auto name = base::say("Softplus");
  static constexpr bool homogeneous = false;
  static constexpr output_range range{.lower = 0};
  template <class V> static constexpr V apply(V x) {
    return simd::max(x, V(0)) + simd::log1p(simd::exp(-simd::abs(x)));
  }
  template <class V> static constexpr V derivative(V x, V) { return simd::sigmoid(x); }

  static constexpr kernel_error accuracy{.of_output = 5, .absolute = 0x1p-117};
  static constexpr auto lipschitz(shape) { return constant(1); }
  static constexpr double least_slope = 0;
  static constexpr double curvature(shape) { return 0.25; }  ///< largest |y''|: at 0
};

}  // namespace taut::layer

namespace taut {
/// y = ln(1 + e^x).
inline constexpr layer::softplus Softplus{};
}  // namespace taut
