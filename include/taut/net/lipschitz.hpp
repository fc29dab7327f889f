// SPDX-License-Identifier: Apache-2.0
// The Lipschitz bound that the type alone gives: the product of the layers' terms, as text and as a number.
//
//   lipschitz<Net>            a double, rounded upward; an open_bound where something is undeclared
//   formula<Net>              "norm(W0) * gain1 / sqrt(std1^2 + 1e-05) * norm(W3)"
//
// Layers with a declared min_std make it a bound for pairs of inputs whose stds are at least that (theory: the map
// c -> c / sqrt(|c|^2/n + epsilon) is Lipschitz with 1 / sqrt(s^2 + epsilon) on {std >= s}, although the set is not
// convex).
#pragma once
#include <string_view>
#include <taut/algebra/bound.hpp>
#include <taut/net/network.hpp>

namespace taut {

namespace base {

/// The Lipschitz term of layer I, as the layer states it.
template <class Net, std::size_t I> inline constexpr auto lipschitz_term = layer_of<Net, I>::lipschitz(Net::shapes[I]);

/// The same with its quantities placed in the network: "norm(W0)" where the layer says "norm(W@)".
template <class Net, std::size_t I> inline constexpr auto placed_lipschitz_term = [] {
  constexpr std::size_t at = I;
  expression<lipschitz_term<Net, I>.capacity> e;
  e.root = e.graft(lipschitz_term<Net, I>, &at);
  return e;
}();

/// The product of the terms of layers that follow each other on an input of shape `in`; the quantities of layer I are
/// placed at I.
template <class... Ls> constexpr auto product_of_terms(shape in) {
  constexpr std::size_t capacities[] = {2, decltype(Ls::lipschitz(shape{}))::capacity...};
  constexpr std::size_t total = [&] {
    std::size_t sum = 0;
    for (std::size_t c : capacities) sum += c;
    return sum;
  }();
  expression<total> e;
  e.root = e.add({.what = algebra::operation::product});
  std::size_t at = 0;
  [[maybe_unused]] const auto put = [&]<class L>(std::type_identity<L>) {
    e.insert(e.root, e.graft(L::lipschitz(in), &at));
    in = L::output(in);
    ++at;
    return 0;
  };
  [[maybe_unused]] const int in_order[] = {0, put(std::type_identity<Ls>{})...};
  algebra::collapse(e);
  return e;
}

/// The product of the terms of all layers; the quantities of layer I are placed at I. It has no more nodes than it uses:
/// compilers take a while for each.
template <class Net> constexpr auto lipschitz_expression() {
  constexpr std::size_t nodes = [] {
    std::size_t sum = 2;
    for_each_layer<Net>([&]<std::size_t I>(std::size_t) { sum += lipschitz_term<Net, I>.used; });
    return sum;
  }();
  expression<nodes> e;
  e.root = e.add({.what = algebra::operation::product});
  for_each_layer<Net>(
      [&]<std::size_t I>(std::size_t number) { e.insert(e.root, e.graft(lipschitz_term<Net, I>, &number)); });
  algebra::collapse(e);
  return e;
}

/// The symbolic bound of a network in normal form.
template <class Net> inline constexpr auto lipschitz_of_type = lipschitz_expression<Net>();

/// The name of layer `at.index[0]`, for messages.
template <class Net> constexpr words name_of_layer(std::size_t at) {
  words name;
  for_each_index<Net::depth>([&]<std::size_t I>() {
    if (I == at) name = layer_of<Net, I>::name;
  });
  return name;
}

/// The value of the symbolic bound, rounded upward, or -1 if it is open. A stretch of equal turns is one power: rounding
/// each factor by itself is most of what a deep network's bound costs a compiler.
template <class Net> constexpr double product_of_values() {
  rounded::interval product{1, 1};
  bool open = false;
  for_each_index<layer_repetitions<Net>.count>([&]<std::size_t S>() {
    constexpr repetition here = layer_repetitions<Net>.at[S];
    rounded::interval turn{1, 1};
    for_each_index<here.period>([&]<std::size_t J>() {
      constexpr auto& term = lipschitz_term<Net, here.first + J>;
      if (term.closed()) turn = rounded::mul(turn, term.value());
      else open = true;
    });
    for (std::size_t left = here.count; left > 0; left /= 2) {
      if (left % 2 == 1) product = rounded::mul(product, turn);
      if (left > 1) turn = rounded::mul(turn, turn);
    }
  });
  if (!(product.upper >= 0)) return rounded::infinity;  // 0 times a power that overflows
  return open && product.upper != 0 ? -1 : product.upper;
}

// A detour that makes clang print the phrases, not the names of the variables that hold them.
template <phrase... Missing> struct opened {
  using type = open_bound<Missing...>;
};

template <class Net> constexpr auto close() {
  if constexpr (constexpr double upper = product_of_values<Net>(); upper >= 0) {
    return upper;
  } else {
    constexpr auto missing = *lipschitz_of_type<Net>.first_open();
    constexpr auto where =
        phrase_of<say("layer ", missing.where.name(), ", ", name_of_layer<Net>(missing.where.index[0]))>();
    constexpr auto what = phrase_of<say("declare ", missing.declare)>();
    return typename opened<where, what>::type{};
  }
}

template <class Net> inline constexpr auto formula_text = [] {
  text<48 * lipschitz_of_type<Net>.capacity> t;
  lipschitz_of_type<Net>.print(t);
  return t;
}();

}  // namespace base

/// A Lipschitz constant (Euclidean norms) of every network of this type whose parameters respect what the type
/// declares, on inputs that respect its declared stds: a double, rounded upward. An open_bound where a norm or gain is
/// undeclared.
template <Network Net> inline constexpr auto lipschitz = base::close<Net>();

/// The symbolic form of `lipschitz<Net>`. Quantities carry the number of their layer: norm(W0), gain1, std1.
template <Network Net> inline constexpr std::string_view formula = base::formula_text<Net>.view();

}  // namespace taut
