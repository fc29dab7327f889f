// SPDX-License-Identifier: Apache-2.0
// Softplus: y = ln(1 + e^x), element by element; above 20 y = x, as in PyTorch.
//
// Lipschitz   1, the least constant of ln(1 + e^x), approached for large x. The step of 2.1e-9 at 20 is far below the
//             rounding of floats; pairs of doubles on its two sides keep the constant if 1.1e-9 apart
// Range       [0, infinity]; float: below 2 ulp for x > -86.9, 0 below
// Gradient    dx = dy / (1 + e^-x); dy above 20
// Example     Input<16> >> Linear<16> >> Softplus
#pragma once
#include <taut/net/layer.hpp>
#include <taut/simd/lane.hpp>
#include <taut/simd/logarithm.hpp>
#include <taut/simd/math.hpp>

namespace taut::layer {

/// The smooth rectifier with beta = 1 and threshold = 20.
struct softplus : layer_base {
  static constexpr auto name = base::say("Softplus");
  static constexpr fusion reads = fusion::pointwise;
  static constexpr auto wants = base::say("any shape");
  static constexpr bool accepts(shape) { return true; }
  static constexpr shape output(shape in) { return in; }

  static constexpr bool homogeneous = false;
  static constexpr output_range range{.lower = 0};
  template <class V> static constexpr V apply(V x) {
    const V y = simd::max(x, V(0)) + simd::log1p(simd::exp(-simd::abs(x)));
    return simd::select(simd::less(V(20), x), x, y);
  }
  template <class V> static constexpr V derivative(V x, V) {
    return simd::select(simd::less(V(20), x), V(1), simd::sigmoid(x));
  }

  static constexpr auto lipschitz(shape) { return constant(1); }
};

}  // namespace taut::layer

namespace taut {
/// y = ln(1 + e^x).
inline constexpr layer::softplus Softplus{};
}  // namespace taut
