// SPDX-License-Identifier: Apache-2.0
// Residual(block): y = x + f(x), f the layers inside.
//
// Lipschitz   at most 1 + L, L the product of the terms of the layers inside
// Gradient    dx = dy + (the gradient of f at x) dy
// Example     Input<16> >> Residual(Linear<32> >> ReLU >> Linear<16>) >> Linear<4>
#pragma once
#include <taut/net/block.hpp>

namespace taut {

namespace layer {

/// A residual block around a layer or a sequence of layers that keep the shape of their input.
template <class Part> struct residual : base::block<true, Part> {
  using inside = base::chain<base::layers_of_part<Part>>;
  static constexpr auto name = base::say("Residual");
  static constexpr void spelling(auto& out) {
    out += "Residual(", out.layers(base::layers_of_part<Part>{}), out += ")";
  }
  static constexpr auto wants = base::say("what its layers take and keep");
  static constexpr bool accepts(shape in) { return inside::accepts(in) && inside::output(in) == in; }
  static constexpr shape output(shape in) { return in; }
  static constexpr auto lipschitz(shape in) { return constant(1) + inside::lipschitz(in); }
  /// The block's bound from that of the network inside.
  static constexpr double combined_lipschitz(const std::array<double, 1>& bounds) {
    return rounded::add_up(1, bounds[0]);
  }
};

}  // namespace layer

namespace base {

struct make_residual {
  template <class Part> constexpr auto operator()(Part) const {
    if constexpr (is_part<Part>) {
      return layer::residual<Part>{};
    } else {
      constexpr auto where = phrase_of<words_for<Part>("Residual")>();
      constexpr auto wants = phrase_of<words_for<Part>("takes layers without an input")>();
      layer_error<where, wants>{};  // <- read the quoted words
      return sequence<>{};          // left out: nothing follows from it
    }
  }
};

}  // namespace base

/// y = x + f(x): `Residual(Linear<32> >> ReLU >> Linear<16>)`.
inline constexpr base::make_residual Residual{};

}  // namespace taut
