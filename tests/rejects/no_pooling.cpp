// error: Scaled.*must state.*pooled.shape., centred, epsilon
// SPDX-License-Identifier: Apache-2.0
#include <taut/inference.hpp>
using namespace taut;

struct scaled : layer_base {
  static constexpr auto name = base::say("Scaled");
  static constexpr fusion reads = fusion::normalizer;
  static constexpr auto wants = base::say("any shape");
  static constexpr bool accepts(shape) { return true; }
  static constexpr shape output(shape in) { return in; }
  static constexpr auto lipschitz(shape) { return constant(1); }
};

struct Net : decltype(Input<64> >> scaled{}) {};
