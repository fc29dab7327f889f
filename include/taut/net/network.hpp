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
#include <taut/net/parameters.hpp>
#include <type_traits>
#include <utility>

namespace taut {

namespace base {
/// Not constexpr, and defined nowhere: a compiler that reaches the call says its name.
void a_layer_does_not_accept_the_shape_it_is_given();
}  // namespace base

template <class In, class... Layers> struct network {
  using normal_form = network;
  using input = In;
  using layers = base::list<Layers...>;
  using with_input = base::list<In, Layers...>;

  /// Number of layers, the input not counted.
  static constexpr std::size_t depth = sizeof...(Layers);

  /// shapes[I] is what layer I takes, shapes[depth] what the network gives.
  static constexpr std::array<shape, depth + 1> shapes = [] {
    std::array<shape, depth + 1> s{In::extents};
    constexpr shape (*outputs[])(shape) = {nullptr, &Layers::output...};
    constexpr bool (*accepts[])(shape) = {nullptr, &Layers::accepts...};
    for (std::size_t i = 0; i < depth; ++i) {
      if (!accepts[i + 1](s[i])) base::a_layer_does_not_accept_the_shape_it_is_given();
      s[i + 1] = outputs[i + 1](s[i]);
    }
    return s;
  }();
  static constexpr shape output = shapes[depth];
  static constexpr std::size_t input_size = In::extents.size();
  static constexpr std::size_t output_size = output.size();

  /// Number of trainable parameters.
  static constexpr std::size_t parameter_count = []<std::size_t... I>(std::index_sequence<I...>) {
    std::size_t sum = 0;
    for (const std::size_t c : {std::size_t{0}, base::trainable_elements<parameters_of_layer<Layers, shapes[I]>>()...})
      sum += c;
    return sum;
  }(std::make_index_sequence<depth>{});
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
template <Network Net, std::size_t I> using layer_of = base::at<typename Net::layers, I>;

}  // namespace taut
