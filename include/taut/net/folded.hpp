// SPDX-License-Identifier: Apache-2.0
// Parametrized layers, folded away: a layer whose raw parameters are not what is computed with (weight norm: rows
// g v / |v|) states the plain layer that it is at inference, and its parameters in double:
//
//   using folded_layer = layer::linear<32>;
//   static constexpr void fold(const parameters<In, Real>& p, parameters_of_layer<folded_layer, In, double>& into);
//   static constexpr std::size_t fold_roundings(shape in);     // |W - exact| <= that many 2^-53 |W|, Frobenius norms
//
// Reference, engines and certificates see the folded layer only; files and training the raw one.
#pragma once
#include <cstddef>
#include <taut/base/buffer.hpp>
#include <taut/net/network.hpp>
#include <taut/net/parameters.hpp>
#include <type_traits>

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

namespace base {

/// The parameters that a layer folds to, on the heap: large layers would not fit a stack.
template <class P> struct folded_parameters {
  buffer<P> held{1};
  constexpr const P& operator*() const { return *held.at; }
};
/// The parameters of a layer that is what it seems.
template <class P> struct stored_parameters {
  const P* at;
  constexpr const P& operator*() const { return *at; }
};

}  // namespace base

/// The parameters of layer I as they are computed with: *folded<I>(p) are those stored, or those that they fold to, in
/// double. Those of a layer that repeats layer I: *folded<I>(p, its number).
template <std::size_t I, class Net, class Real>
constexpr auto folded(const parameters<Net, Real>& p, std::size_t number = I) {
  using L = layer_of<Net, I>;
  const auto& stored = base::parameters_at<I>(p, number);
  using P = std::remove_cvref_t<decltype(stored)>;
  if constexpr (requires { typename L::folded_layer; }) {
    base::folded_parameters<parameters_of_layer<typename L::folded_layer, Net::shapes[I], double>> made;
    L::fold(stored, *made.held.at);
    return made;
  } else {
    return base::stored_parameters<P>{&stored};
  }
}

}  // namespace taut
