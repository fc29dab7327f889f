// SPDX-License-Identifier: Apache-2.0
// Flatten: y = x as a vector; channels, rows, columns one after the other, as PyTorch lays them out.
//
// Lipschitz   1, exact
// Gradient    dx = dy
// Example     Input<3, 4, 4> >> Flatten >> Linear<10>
#pragma once
#include <taut/net/layer.hpp>

namespace taut::layer {

/// A change of shape only.
struct flatten : layer_base {
  static constexpr auto name = base::say("Flatten");
  static constexpr fusion reads = fusion::pointwise;
  static constexpr auto wants = base::say("any shape");
  static constexpr bool accepts(shape) { return true; }
  static constexpr shape output(shape in) { return shape{in.size()}; }

  static constexpr bool homogeneous = true;
  static constexpr bool identity = true;
  static constexpr output_range range{};
  template <class V> static constexpr V apply(V x) { return x; }
  template <class V> static constexpr V derivative(V, V) { return V(1); }

  static constexpr kernel_error accuracy{};
  static constexpr auto lipschitz(shape) { return constant(1); }
  static constexpr double least_slope = 1;
};

}  // namespace taut::layer

namespace taut {
/// Any shape as a vector.
inline constexpr layer::flatten Flatten{};
}  // namespace taut
