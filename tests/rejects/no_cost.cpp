// error: Mixed.*must state.*multiply_adds.shape.
// SPDX-License-Identifier: Apache-2.0
#include <taut/inference.hpp>
using namespace taut;

struct mixed : layer_base {
  static constexpr auto name = base::say("Mixed");
  static constexpr fusion reads = fusion::mixing;
  static constexpr auto wants = base::say("any shape");
  static constexpr bool accepts(shape) { return true; }
  static constexpr shape output(shape in) { return in; }
  static constexpr auto lipschitz(shape) { return constant(1); }
};

struct Net : decltype(Input<64> >> mixed{}) {};
