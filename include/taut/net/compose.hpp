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
#include <taut/net/input.hpp>
#include <taut/net/layer.hpp>
#include <type_traits>

namespace taut {

/// Layers without an input: a part of a network, or the inside of a block.
template <class... Layers> struct sequence {
  using layers = base::list<Layers...>;
};

/// A network in its normal form: the input and one flat list of layers. Its facts are in net/network.hpp.
/// Name your model, `struct Net : decltype(Input<64> >> ...) {};`: symbols and error messages then say `Net`.
template <class In, class... Layers> struct network;

namespace base {

/// What `>>` gives: the network Before and a list of a few layers more, in all Depth of them, with all facts of a network.
/// Each `>>` costs one type with a short name, however deep the network is. The flat list is made when a fact needs it.
template <std::size_t Depth, shape Output, class Before, class Layers> struct growing;
/// The network Before and the same list of layers again and again, in all Depth of them. g++ spells out the name of each
/// type that has facts, whether it is needed or not, so what repeats should not make it longer.
template <std::size_t Depth, class Before, class Layers> struct turns;

template <class P> inline constexpr bool is_sequence = false;
template <class... Ls> inline constexpr bool is_sequence<sequence<Ls...>> = true;
template <class P> inline constexpr bool is_network = requires { typename P::normal_form; };

}  // namespace base

/// A layer does not take the shape it is given. Never defined: its arguments are the message.
template <base::phrase... Sentence> struct shape_error;
/// A layer does not state what the library needs to know of it. Never defined: its arguments are the message.
template <base::phrase... Sentence> struct layer_error;

namespace base {

/// What `>>` finds wrong, in three phrases: a layer that is none, or shapes that do not fit.
struct verdict {
  bool about_shapes;
  words where, wants, given;
};

/// The last layer of a network, or its input.
template <class Whole> struct last_layer;
template <class Whole> using last_of = typename last_layer<Whole>::type;

/// Layer L at position Index behind the layer (or input) Last, which gives the shape Output.
template <shape Output, std::size_t Index, class L, class Last> struct step {
  /// Why the layer does not fit.
  static constexpr verdict says() {
    if constexpr (is_input<L>) {
      return {true, L::name, say("comes first, on the left of"), Last::name};
    } else if constexpr (!std::derived_from<L, layer_base>) {
      return {false, say("layer ", Index), say("must derive from"), say("taut::layer_base")};
    } else if constexpr (!Layer<L>) {
      if constexpr (states_name<L>) return {false, L::name, say("must state"), say(first_missing<L>())};
      else return {false, say("layer ", Index), say("must state"), say("name")};
    } else {
      return {true, say("layer ", Index, ", ", L::name), say("takes ", L::wants),
              say("but ", Last::name, " gives ", Output.name())};
    }
  }
};
/// An input behind layers that have none yet.
template <class In> struct late_input {
  static constexpr verdict says() { return {true, In::name, say("comes first, on the left of"), say("every layer")}; }
};

template <class P> struct part_of {
  using layers = list<P>;
};  // a single layer
template <class... Ls> struct part_of<sequence<Ls...>> {
  using layers = list<Ls...>;
};

/// Whether L is a layer that takes a given shape.
template <class L> constexpr bool takes([[maybe_unused]] shape given) {
  if constexpr (is_input<L> || !Layer<L>) return false;
  else return L::accepts(given);
}

/// The layers Ls behind a network, as one turn more if they repeat what it ends with.
template <class Before, class... Ls> struct turned {
  using type = turns<Before::depth + sizeof...(Ls), Before, list<Ls...>>;
};
template <std::size_t Depth, class Before, class... Ls> struct turned<turns<Depth, Before, list<Ls...>>, Ls...> {
  using type = turns<Depth + sizeof...(Ls), Before, list<Ls...>>;
};

/// A network that grows by one layer: in the level that is open, or if that is Full in a new one; nothing if the layer
/// does not fit.
template <bool Fits, bool Full> struct growth {};
template <> struct growth<true, false> {
  template <class L, std::size_t Depth, shape Output, class Before, class... Ls> using type =
      growing<Depth + 1, L::output(Output), Before, list<Ls..., L>>;
};
template <> struct growth<true, true> {
  template <class L, std::size_t Depth, shape Output, class Before, class... Ls> using type =
      growing<Depth + 1, L::output(Output), typename turned<Before, Ls...>::type, list<L>>;
};
inline constexpr std::size_t layers_a_level = 12;

/// The network with the layer L behind it, which fits.
template <class Whole, class L> struct grown {
  using type = growing<Whole::depth + 1, L::output(Whole::output), Whole, list<L>>;
};
template <std::size_t Depth, shape Output, class Before, class... Ls, class L>
struct grown<growing<Depth, Output, Before, list<Ls...>>, L> {
  using type = typename growth<true, sizeof...(Ls) == layers_a_level>::template type<L, Depth, Output, Before, Ls...>;
};

/// What `>>` gives: the type, and the first step that does not fit (void if all do).
template <class Left, class More> struct composition {  // no layers left to append
  using type = Left;
  using misfit = void;
};
template <class Left, class Misfit> struct broken {
  using type = Left;
  using misfit = Misfit;
};
template <class Left, class L, class... More>
  requires is_network<Left>
struct composition<Left, list<L, More...>> {
  static constexpr auto next() {
    if constexpr (takes<L>(Left::output))
      return std::type_identity<composition<typename grown<Left, L>::type, list<More...>>>{};
    else return std::type_identity<broken<Left, step<Left::output, Left::depth, L, last_of<Left>>>>{};
  }
  using type = typename decltype(next())::type::type;
  using misfit = typename decltype(next())::type::misfit;
};
template <class... Ls, class L, class... More> struct composition<sequence<Ls...>, list<L, More...>> {
  using type = sequence<Ls..., L, More...>;
  using misfit = std::conditional_t<is_input<L>, late_input<L>, void>;
};

template <class P> struct extended {
  using type = sequence<P>;
};  // what a left operand is before more is appended
template <class... Ls> struct extended<sequence<Ls...>> {
  using type = sequence<Ls...>;
};
template <class P>
  requires is_input<P>
struct extended<P> {
  using type = network<P>;
};
template <class P>
  requires is_network<P>
struct extended<P> {
  using type = typename P::as_composed;
};

/// What may stand on the left of `>>`. Networks first: a deep one asks this at each `>>`.
template <class P>
concept Part = is_network<P> || is_sequence<P> || std::derived_from<P, layer_base>;

}  // namespace base

/// Appends one layer that fits: the short way, for long networks.
template <std::size_t Depth, shape Output, class Before, class... Layers, class L> constexpr
    typename base::growth<base::takes<L>(Output),
                          sizeof...(Layers) == base::layers_a_level>::template type<L, Depth, Output, Before, Layers...>
    operator>>(base::growing<Depth, Output, Before, base::list<Layers...>>, L) {
  return {};
}

/// Appends layers: behind an input or a network they give a network, behind layers a sequence. What does not fit is one
/// compile error here, in the body, and the layer is left out: nothing follows from it.
template <base::Part Left, class Right> constexpr auto operator>>(Left, Right) {
  using whole = base::composition<typename base::extended<Left>::type, typename base::part_of<Right>::layers>;
  if constexpr (!std::is_void_v<typename whole::misfit>) {
    constexpr auto where = base::phrase_of<whole::misfit::says().where>();
    constexpr auto wants = base::phrase_of<whole::misfit::says().wants>();
    constexpr auto given = base::phrase_of<whole::misfit::says().given>();
    if constexpr (whole::misfit::says().about_shapes) shape_error<where, wants, given>{};  // <- read the quoted words
    else layer_error<where, wants, given>{};                                               // <- read the quoted words
  }
  return typename whole::type{};
}

}  // namespace taut
