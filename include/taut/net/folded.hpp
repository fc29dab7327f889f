// SPDX-License-Identifier: Apache-2.0
// Parametrized layers, folded away: a layer whose raw parameters are not what is computed with (weight norm: rows
// g v / |v|) states the plain layer that it is at inference, and its parameters in double:
//
//   using folded_layer = layer::linear<32>;
//   static constexpr auto folded(const parameters<In, Real>& p);      // parameters_of_layer<folded_layer, In, double>
//   static constexpr std::size_t fold_roundings(shape in);            // each entry is off by at most so many 2^-53
//   |entry|
//
// Reference, engines and certificates see the folded layer only; files and training the raw one.
#pragma once
#include <cstddef>
#include <taut/net/network.hpp>
#include <taut/net/parameters.hpp>

namespace taut {

namespace base {

template <class L> struct folded_of {
  using type = L;
};
template <class L>
  requires requires { typename L::folded_layer; }
struct folded_of<L> {
  using type = typename L::folded_layer;
};

}  // namespace base

/// What layer I of a network is at inference: itself, or the plain layer that it folds to.
template <class Net, std::size_t I> using folded_layer_of = typename base::folded_of<layer_of<Net, I>>::type;

/// The parameters of layer I as they are computed with: those stored, or those that they fold to, in double.
template <std::size_t I, class Net, class Real> constexpr decltype(auto) folded(const parameters<Net, Real>& p) {
  using L = layer_of<Net, I>;
  if constexpr (requires { typename L::folded_layer; }) return L::folded(get<I>(p));
  else return get<I>(p);
}

}  // namespace taut
