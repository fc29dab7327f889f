// SPDX-License-Identifier: Apache-2.0
// The layers of a network as one flat list, made when a fact first needs it. A network that `>>` has built is nested,
// a few layers a level: flat lists for every prefix of a deep network would be most of its compile time.
//
//   base::layers_of<Net>     is base::list<layer::linear<32>, layer::relu> for Input<64> >> Linear<32> >> ReLU
#pragma once
#include <taut/base/meta.hpp>
#include <taut/net/compose.hpp>

namespace taut::base {

// The flat list of a network that has grown, and layers behind it.
template <class Whole, class... Behind> struct flat;
template <class In, class... Ls, class... Behind> struct flat<network<In, Ls...>, Behind...> {
  using layers = list<Ls..., Behind...>;
};
template <std::size_t Depth, shape Output, class Before, class... Ls, class... Behind>
struct flat<growing<Depth, Output, Before, list<Ls...>>, Behind...> {
  using layers = typename flat<Before, Ls..., Behind...>::layers;
};

/// The layers of a network as one flat list.
template <class Net> using layers_of = typename flat<typename Net::as_composed>::layers;

template <class Whole> struct last_layer {
  using type = at<layers_of<Whole>, Whole::depth - 1>;
};
template <class In> struct last_layer<network<In>> {
  using type = In;
};

}  // namespace taut::base
