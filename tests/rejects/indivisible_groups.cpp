// error: layer 1, Grouped<4>.*takes channels divisible by 4.*but Linear<30> gives 30
// SPDX-License-Identifier: Apache-2.0
#include <taut/inference.hpp>
using namespace taut;

// A normalizer of groups of channels, as a user may write one.
template <std::size_t Groups> struct grouped : layer_base {
  static constexpr auto name = base::say("Grouped<", Groups, ">");
  static constexpr fusion reads = fusion::normalizer;
  static constexpr auto wants = base::say("channels divisible by ", Groups);
  static constexpr bool accepts(shape in) { return in.channels() % Groups == 0; }
  static constexpr shape output(shape in) { return in; }
  static constexpr pooling pooled(shape in) { return {Groups, in.size() / Groups}; }
  static constexpr bool centred = true;
  static constexpr double epsilon = 1e-5;
  static constexpr auto lipschitz(shape) { return reciprocal(sqrt(constant(epsilon))); }
};

struct Net : decltype(Input<64> >> Linear<30> >> grouped<4>{}) {};
