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
template <std::size_t Depth, class Before, class... Ls, class... Behind>
struct flat<turns<Depth, Before, list<Ls...>>, Behind...> {
  using layers = typename flat<turns<Depth - sizeof...(Ls), Before, list<Ls...>>, Ls..., Behind...>::layers;
};
template <std::size_t Depth, class Before, class... Ls, class... Behind>
  requires(Depth == Before::depth)
struct flat<turns<Depth, Before, list<Ls...>>, Behind...> : flat<Before, Behind...> {};

/// The layers of a network as one flat list.
template <class Net> using layers_of = typename flat<typename Net::as_composed>::layers;

// Layer I, looked for in the lists that the network has grown from: each is short.
template <class Whole, std::size_t I> struct found;
template <class In, class... Ls, std::size_t I> struct found<network<In, Ls...>, I> {
  using type = at<list<Ls...>, I>;
};
template <std::size_t Depth, shape Output, class Before, class Layers, std::size_t I>
struct found<growing<Depth, Output, Before, Layers>, I> {
  using type = at<Layers, I + Layers::size - Depth>;
};
template <std::size_t Depth, shape Output, class Before, class Layers, std::size_t I>
  requires(I + Layers::size < Depth)
struct found<growing<Depth, Output, Before, Layers>, I> : found<Before, I> {};
template <std::size_t Depth, class Before, class Layers, std::size_t I> struct found<turns<Depth, Before, Layers>, I> {
  using type = at<Layers, (I - Before::depth) % Layers::size>;
};
template <std::size_t Depth, class Before, class Layers, std::size_t I>
  requires(I < Before::depth)
struct found<turns<Depth, Before, Layers>, I> : found<Before, I> {};

/// Layer I of a network, counted without the input.
template <class Net, std::size_t I> using layer_at = typename found<typename Net::as_composed, I>::type;

template <class Whole> struct last_layer {
  using type = layer_at<Whole, Whole::depth - 1>;
};
template <class In> struct last_layer<network<In>> {
  using type = In;
};

}  // namespace taut::base
