// error: Doubled.*must state.*apply derivative homogeneous range
// SPDX-License-Identifier: Apache-2.0
#include <taut/inference.hpp>
using namespace taut;

struct doubled : layer_base {
  static constexpr auto name = base::say("Doubled");
  static constexpr fusion reads = fusion::pointwise;
  static constexpr auto wants = base::say("any shape");
  static constexpr bool accepts(shape) { return true; }
  static constexpr shape output(shape in) { return in; }
  static constexpr auto lipschitz(shape) { return constant(2); }
};

struct Net : decltype(Input<64> >> doubled{}) {};
