// SPDX-License-Identifier: Apache-2.0
// Concat(block, block, ...): y = (f(x), g(x), ...), the channels (features of vectors) of the outputs behind each
// other.
//
// Lipschitz   at most sqrt(L_1^2 + L_2^2 + ...), L_k the product of the terms of the layers of block k
// Gradient    dx = the sum of the gradients of the blocks, each for its part of dy
// Example     Input<16> >> Concat(Linear<8> >> ReLU, Linear<8> >> Tanh) >> Linear<4>
#pragma once
#include <taut/net/block.hpp>

namespace taut {

namespace layer {

/// Blocks on the same input, their outputs as channels behind each other.
template <class... Parts> struct concat : base::block<false, Parts...> {
  static constexpr auto name = base::say("Concat");
  static constexpr void spelling(auto& out) {
    const char* before = "Concat(";
    ((out += before, out.layers(base::layers_of_part<Parts>{}), before = ", "), ...);
    out += ")";
  }
  static constexpr auto wants = base::say("what its blocks take, joined");
  static constexpr bool accepts(shape in) {
    if (!(base::chain<base::layers_of_part<Parts>>::accepts(in) && ...)) return false;
    const shape outputs[] = {base::chain<base::layers_of_part<Parts>>::output(in)...};
    bool fit = true;
    for (const shape& s : outputs) {
      fit = fit && s.rank == outputs[0].rank;
      for (std::size_t axis = 1; axis < s.rank; ++axis) fit = fit && s.extent[axis] == outputs[0].extent[axis];
    }
    return fit;
  }
  static constexpr shape output(shape in) {
    const shape outputs[] = {base::chain<base::layers_of_part<Parts>>::output(in)...};
    shape joined = outputs[0];
    joined.extent[0] = 0;
    for (const shape& s : outputs) joined.extent[0] += s.extent[0];
    return joined;
  }
  static constexpr auto lipschitz(shape in) { return sqrt(squares(in, std::index_sequence_for<Parts...>{})); }
  /// The block's bound from those of the networks inside.
  static constexpr double combined_lipschitz(const std::array<double, sizeof...(Parts)>& bounds) {
    double sum = 0;
    for (const double b : bounds) sum = rounded::add_up(sum, rounded::mul_up(b, b));
    return rounded::sqrt_up(sum);
  }

 private:
  template <std::size_t... K> static constexpr auto squares(shape in, std::index_sequence<K...>) {
    return (square(base::placed_at(base::chain<base::layers_of_part<Parts>>::lipschitz(in), K)) + ...);
  }
};

}  // namespace layer

namespace base {

struct make_concat {
  template <class... Parts> constexpr auto operator()(Parts...) const {
    if constexpr (sizeof...(Parts) > 0 && (is_part<Parts> && ...)) {
      return layer::concat<Parts...>{};
    } else {
      constexpr auto where = phrase_of<words_for<Parts...>("Concat")>();
      constexpr auto wants = phrase_of<words_for<Parts...>("takes layers without an input")>();
      layer_error<where, wants>{};  // <- read the quoted words
      return sequence<>{};          // left out: nothing follows from it
    }
  }
};

}  // namespace base

/// y = (f(x), g(x)): `Concat(Linear<8> >> ReLU, Linear<8> >> Tanh)`.
inline constexpr base::make_concat Concat{};

}  // namespace taut
