// error: Doubled.*must state.*lipschitz.shape.
// SPDX-License-Identifier: Apache-2.0
#include <taut/inference.hpp>
using namespace taut;

struct doubled : layer_base {
  static constexpr auto name = base::say("Doubled");
  static constexpr fusion reads = fusion::pointwise;
  static constexpr auto wants = base::say("any shape");
  static constexpr bool accepts(shape) { return true; }
  static constexpr shape output(shape in) { return in; }
  static constexpr bool homogeneous = true;
  static constexpr output_range range{};
  template <class V> static constexpr V apply(V x) { return x + x; }
  template <class V> static constexpr V derivative(V, V) { return V(2); }
};

struct Net : decltype(Input<64> >> doubled{}) {};
