// SPDX-License-Identifier: Apache-2.0
// The network in its normal form and its facts: shapes, parameter count, symbolic Lipschitz bound.
//
//   struct Net : decltype(Input<64> >> Linear<32> >> ReLU >> Linear<10>) {};
//   Net::parameter_count == 2410;  Net::depth == 3;  Net::output_size == 10;  lipschitz<Net> is open: no norm declared
//
// Tables are arrays filled through function pointers: one step a layer, and no fold over long packs (clang's limit).
#pragma once
#include <array>
#include <cstddef>
#include <taut/algebra/bound.hpp>
#include <taut/net/compose.hpp>
#include <taut/net/flat.hpp>
#include <taut/net/parameters.hpp>
#include <type_traits>
#include <utility>

namespace taut {

namespace base {

/// Not constexpr, and defined nowhere: a compiler that reaches the call says its name.
void a_layer_does_not_accept_the_shape_it_is_given();

/// shapes_of<Net>[I] is what layer I takes, the last one what the network gives.
template <class Whole> inline constexpr auto shapes_of = []<class... Ls>(list<Ls...>) {
  std::array<shape, sizeof...(Ls) + 1> s{Whole::input::extents};
  constexpr shape (*outputs[])(shape) = {nullptr, &Ls::output...};
  constexpr bool (*accepts[])(shape) = {nullptr, &Ls::accepts...};
  for (std::size_t i = 0; i < sizeof...(Ls); ++i) {
    if (!accepts[i + 1](s[i])) a_layer_does_not_accept_the_shape_it_is_given();
    s[i + 1] = outputs[i + 1](s[i]);
  }
  return s;
}(layers_of<Whole>{});

template <class Whole> constexpr std::size_t trainable_elements_of_network() {
  std::size_t sum = 0;
  for_each_index<layer_repetitions<Whole>.count>([&]<std::size_t S>() {
    constexpr repetition here = layer_repetitions<Whole>.at[S];
    for_each_index<here.period>([&]<std::size_t J>() {
      constexpr std::size_t i = here.first + J;
      sum += here.count * trainable_elements<parameters_of_layer<layer_at<Whole, i>, Whole::shapes[i]>>();
    });
  });
  return sum;
}

template <class In, class Layers> struct as_network;
template <class In, class... Ls> struct as_network<In, list<Ls...>> {
  using type = network<In, Ls...>;
};
// Deep networks are their own normal form: a flat list would be made for each prefix of them.
template <bool Deep> struct normal_form_of {
  template <class Whole, class In> using type = Whole;
};
template <> struct normal_form_of<false> {
  template <class Whole, class In> using type = typename as_network<In, typename flat<Whole>::layers>::type;
};

template <std::size_t Depth, class Before, class Layers> struct turns {
  using input = typename Before::input;
  static constexpr std::size_t depth = Depth;
};

/// The facts of a network that its two ends give: made once for all that share them, as most of the networks are that a
/// deep one is while it grows.
template <class In, shape Output> struct ends {
  using input = In;
  static constexpr shape output = Output;
  static constexpr std::size_t input_size = In::extents.size();
  static constexpr std::size_t output_size = Output.size();
};

template <std::size_t Depth, shape Output, class Before, class Layers> struct growing
    : ends<typename Before::input, Output> {
  using as_composed = growing;
  using typename ends<typename Before::input, Output>::input;
  static constexpr std::size_t depth = Depth;
  static constexpr const std::array<shape, Depth + 1>& shapes = shapes_of<growing>;
  static constexpr std::size_t parameter_count = trainable_elements_of_network<growing>();
  using normal_form = typename normal_form_of<(Depth > 64)>::template type<growing, input>;
};

}  // namespace base

template <class In, class... Layers> struct network {
  using as_composed = network;
  using normal_form = network;
  using input = In;

  /// Number of layers, the input not counted.
  static constexpr std::size_t depth = sizeof...(Layers);

  /// shapes[I] is what layer I takes, shapes[depth] what the network gives.
  static constexpr const std::array<shape, depth + 1>& shapes = base::shapes_of<network>;
  static constexpr shape output = shapes[depth];
  static constexpr std::size_t input_size = In::extents.size();
  static constexpr std::size_t output_size = output.size();

  /// Number of trainable parameters.
  static constexpr std::size_t parameter_count = base::trainable_elements_of_network<network>();
};

/// A network<...> or a struct derived from one.
template <class Net>
concept Network = base::is_network<Net>;

/// Whether `Layer` may follow the network, without an error if not: `fits<Net, decltype(Linear<64, 10>)>`.
template <Network Net, class L> inline constexpr bool fits = [] {
  if constexpr (Layer<std::remove_cvref_t<L>>) return std::remove_cvref_t<L>::accepts(Net::output);
  else return false;
}();

namespace base {

/// How many networks a layer has inside. A residual or parallel block states
///   blocks                        how many
///   inner<In, K>(p)               the parameters of the network inside, parameters<Inner>
///   combined_lipschitz(bounds)    its own bound from theirs (an array of doubles), rounded upward
template <class L> constexpr std::size_t networks_inside() {
  if constexpr (requires { L::blocks; }) return L::blocks;
  else return 0;
}

template <class L, shape In, std::size_t K> struct inside_of {
  using parameters_of_it = decltype(L::template inner<In, K>(std::declval<const parameters_of_layer<L, In>&>()));
  using type = typename std::remove_cvref_t<parameters_of_it>::network_type;
};
/// The type of network K inside layer L, for inputs of shape In.
template <class L, shape In, std::size_t K> using network_inside = typename inside_of<L, In, K>::type;

}  // namespace base

/// Layer I of a network, counted without the input.
template <Network Net, std::size_t I> using layer_of = base::layer_at<Net, I>;

}  // namespace taut
