// SPDX-License-Identifier: Apache-2.0
// `>>` builds one flat list of layers and says in one sentence what does not fit.
//
//   Input<64> >> Linear<32> >> ReLU    is a value of network<layer::input<64>, layer::linear<32>, layer::relu>
//   Linear<32> >> ReLU                 is a value of sequence<layer::linear<32>, layer::relu>, to be appended later
//
// The operator lives beside layer_base, where argument-dependent lookup finds it for library and user layers alike.
#pragma once
#include <concepts>
#include <cstddef>
#include <taut/algebra/shape.hpp>
#include <taut/base/error.hpp>
#include <taut/base/meta.hpp>
#include <taut/net/layer.hpp>

namespace taut {

namespace layer {

/// The input of a network: features, or channels x length, or channels x height x width.
template <std::size_t A, std::size_t B = 0, std::size_t C = 0> struct input : layer_base {
  static constexpr shape extents = C != 0 ? shape{A, B, C} : B != 0 ? shape{A, B} : shape{A};
  static constexpr base::words name = [] {
    auto w = base::say("Input<", A);
    if (B != 0) (w += ", ") += B;
    if (C != 0) (w += ", ") += C;
    return w += ">";
  }();
};

}  // namespace layer

/// Layers without an input: a part of a network, or the inside of a block.
template <class... Layers> struct sequence {
  using layers = base::list<Layers...>;
};

/// A network in its normal form: the input and one flat list of layers. Its facts are in net/network.hpp.
/// Name your model, `struct Net : decltype(Input<64> >> ...) {};`: symbols and error messages then say `Net`.
template <class In, class... Layers> struct network;

namespace base {

template <class P> inline constexpr bool is_input = false;
template <std::size_t A, std::size_t B, std::size_t C> inline constexpr bool is_input<layer::input<A, B, C>> = true;
template <class P> inline constexpr bool is_sequence = false;
template <class... Ls> inline constexpr bool is_sequence<sequence<Ls...>> = true;
template <class P> inline constexpr bool is_network = requires { typename P::normal_form; };

}  // namespace base

/// The input of a network: `Input<64>`, `Input<8, 32>` (channels, length), `Input<3, 32, 32>` (channels, height, width).
template <std::size_t A, std::size_t B = 0, std::size_t C = 0> inline constexpr layer::input<A, B, C> Input{};

/// A layer does not take the shape it is given. Never defined: its arguments are the message.
template <base::phrase... Sentence> struct shape_error;
/// A layer does not state what the library needs to know of it. Never defined: its arguments are the message.
template <base::phrase... Sentence> struct layer_error;

namespace base {

/// What `>>` finds wrong: nothing, a layer that is not one, or shapes that do not fit, in three phrases.
struct verdict {
  enum { fits, no_layer, no_shape } problem = fits;
  words where, wants, given;
};

template <shape In, std::size_t Index, class L, class Before> constexpr verdict judge() {
  if constexpr (is_input<L>) {
    return {verdict::no_shape, L::name, say("comes first, on the left of"), Before::name};
  } else if constexpr (!std::derived_from<L, layer_base>) {
    return {verdict::no_layer, say("layer ", Index), say("must derive from"), say("taut::layer_base")};
  } else if constexpr (!Layer<L>) {
    if constexpr (states_name<L>) return {verdict::no_layer, L::name, say("must state"), say(first_missing<L>())};
    else return {verdict::no_layer, say("layer ", Index), say("must state"), say("name")};
  } else if constexpr (!L::accepts(In)) {
    return {verdict::no_shape, say("layer ", Index, ", ", L::name), say("takes ", L::wants),
            say("but ", Before::name, " gives ", In.name())};
  } else {
    return {};
  }
}

template <class P> struct part_of { using layers = list<P>; };  // a single layer
template <class... Ls> struct part_of<sequence<Ls...>> { using layers = list<Ls...>; };

/// A network that `>>` is building: it remembers its output and its last layer, so that each `>>` costs one step, however
/// deep the network is.
template <shape Output, class Last, class Whole> struct growing : Whole {
  using grown = growing;
};

/// The result of `>>`: the type, and the verdict on the first layer that does not fit.
template <class Left, class More> struct composition {  // no layers left to append
  using type = Left;
  static constexpr verdict says{};
};
template <shape Output, class Last, class In, class... Ls, class L, class... More>
struct composition<growing<Output, Last, network<In, Ls...>>, list<L, More...>> {
  using left = growing<Output, Last, network<In, Ls...>>;
  static constexpr verdict here = judge<Output, sizeof...(Ls), L, Last>();
  static constexpr auto appended() {
    if constexpr (here.problem == verdict::fits)
      return std::type_identity<
          composition<growing<L::output(Output), L, network<In, Ls..., L>>, list<More...>>>{};
    else return std::type_identity<composition<left, list<>>>{};
  }
  using next = typename decltype(appended())::type;
  using type = typename next::type;
  static constexpr verdict says = here.problem == verdict::fits ? next::says : here;
};
template <class... Ls, class L, class... More> struct composition<sequence<Ls...>, list<L, More...>> {
  using type = sequence<Ls..., L, More...>;
  static constexpr verdict says =
      is_input<L> ? verdict{verdict::no_shape, L::name, say("comes first, on the left of"), say("every layer")} : verdict{};
};

template <class P> struct extended { using type = sequence<P>; };  // what a left operand is before more is appended
template <class... Ls> struct extended<sequence<Ls...>> { using type = sequence<Ls...>; };
template <class P>
  requires is_input<P>
struct extended<P> {
  using type = growing<P::extents, P, network<P>>;
};
template <class P>
  requires(is_network<P> && !requires { typename P::grown; })
struct extended<P> {
  using type = growing<P::output, at<typename P::with_input, P::depth>, typename P::normal_form>;
};
template <class P>
  requires requires { typename P::grown; }
struct extended<P> {
  using type = typename P::grown;
};

/// What may stand on the left of `>>`.
template <class P>
concept Part = std::derived_from<P, layer_base> || is_sequence<P> || is_network<P>;

}  // namespace base

/// Appends layers: behind an input or a network they give a network, behind layers a sequence. What does not fit is one
/// compile error here, in the body, and the layer is left out: nothing follows from it.
template <base::Part Left, class Right> constexpr auto operator>>(Left, Right) {
  using whole = base::composition<typename base::extended<Left>::type, typename base::part_of<Right>::layers>;
  if constexpr (whole::says.problem != base::verdict::fits) {
    constexpr auto where = base::phrase_of<whole::says.where>();
    constexpr auto wants = base::phrase_of<whole::says.wants>();
    constexpr auto given = base::phrase_of<whole::says.given>();
    if constexpr (whole::says.problem == base::verdict::no_shape) shape_error<where, wants, given>{};  // <- read the words
    else layer_error<where, wants, given>{};  // <- read the quoted words
  }
  return typename whole::type{};
}

}  // namespace taut
