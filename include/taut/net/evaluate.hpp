// SPDX-License-Identifier: Apache-2.0
// The reference: a network evaluated layer by layer, without fusion, in double. It is the oracle of every other path.
//
//   std::array<double, 10> y = evaluate(p, x);        // x: array, vector or span of float or double
//
// `forward` runs one layer for any V: double, or a register whose lanes are samples (training, batches).
#pragma once
#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <iterator>
#include <span>
#include <taut/net/folded.hpp>
#include <taut/net/network.hpp>
#include <taut/net/normalizer.hpp>

namespace taut {

/// y = layer(x): x has In.size() elements, y L::output(In).size(). A layer may state its own forward; pointwise layers
/// and normalizers need not.
template <class L, shape In, class P, class V> constexpr void forward(const P& p, const V* x, V* y) {
  if constexpr (requires { L::template forward<In>(p, x, y); }) {
    L::template forward<In>(p, x, y);
  } else if constexpr (L::reads == fusion::pointwise) {
    for (std::size_t i = 0; i < In.size(); ++i) y[i] = L::apply(x[i]);
  } else if constexpr (L::reads == fusion::scaling) {
    for (std::size_t i = 0; i < In.size(); ++i)
      y[i] = simd::multiply_add(simd::number<V>(L::scale(p, i)), x[i], simd::number<V>(L::shift(p, i)));
  } else {
    static_assert(L::reads == fusion::normalizer, "this kind of layer must state forward<In>(p, x, y)");
    normalizer::forward_runs<L, In>(p, x, y);
  }
}

/// dx from dy by the chain rule, and the parameters' gradients added to dp; x and y are the layer's input and output.
/// V as in forward: with samples in the lanes, dp receives the sum over samples.
template <class L, shape In, class P, class V>
constexpr void gradient(const P& p, const V* x, const V* y, const V* dy, V* dx, P& dp) {
  if constexpr (requires { L::template gradient<In>(p, x, y, dy, dx, dp); }) {
    L::template gradient<In>(p, x, y, dy, dx, dp);
  } else if constexpr (L::reads == fusion::pointwise) {
    for (std::size_t i = 0; i < In.size(); ++i) dx[i] = dy[i] * L::derivative(x[i], y[i]);
  } else {
    static_assert(L::reads == fusion::normalizer, "this kind of layer must state gradient<In>(p, x, y, dy, dx, dp)");
    normalizer::gradient_runs<L, In>(p, x, dy, dx, dp);
  }
}

namespace base {

/// The largest activation of a network, in elements.
template <class Net> constexpr std::size_t largest_activation() {
  std::size_t largest = Net::output_size;
  constexpr auto& stretches = layer_repetitions<Net>;
  for (std::size_t s = 0; s < stretches.count; ++s)  // later turns have the shapes of the first
    for (std::size_t j = 0; j < stretches.at[s].period; ++j)
      largest = std::max(largest, Net::shapes[stretches.at[s].first + j].size());
  return largest;
}

/// An array, vector or span of floats or doubles.
template <class Range>
concept numbers = requires(const Range& x) {
  std::size(x);
  requires std::contiguous_iterator<decltype(std::begin(x))>;
  requires std::floating_point<std::remove_cvref_t<decltype(*std::data(x))>>;
};

/// The number of elements that the type of a range tells, std::dynamic_extent if it does not.
template <class Range> inline constexpr std::size_t extent_of = decltype(std::span(std::declval<Range&>()))::extent;

}  // namespace base

/// A network is given an input of another size. Never defined: its arguments are the message.
template <base::phrase... Sentence> struct input_error;

namespace base {

template <class Net, class Range> consteval auto judge_input() {
  if constexpr (extent_of<const Range> != std::dynamic_extent && extent_of<const Range> != Net::input_size) {
    constexpr auto wants = phrase_of<say("the network takes ", Net::input_size, " numbers")>();
    constexpr auto given = phrase_of<say("but is given ", extent_of<const Range>)>();
    return std::type_identity<input_error<wants, given>>{};
  } else {
    return std::type_identity<bool>{};
  }
}
/// bool, or an input_error where the type of a range says that it has not the size of the network's input.
template <class Net, class Range> using fitting_input = typename decltype(judge_input<Net, Range>())::type;

}  // namespace base

/// Runs all layers in lanes V on the inputs `here`, where the outputs are in the end. @pre here and next have room for
/// the largest activation.
template <Network Net, class Real, class V>
constexpr void evaluate_in(const parameters<Net, Real>& p, V* here, V* next) {
  base::for_each_index<Net::depth>([&]<std::size_t I>() {
    forward<folded_layer_of<Net, I>, Net::shapes[I]>(*folded<I>(p), here, next);
    std::copy_n(next, Net::shapes[I + 1].size(), here);
  });
}

/// What the network gives for x, in double and layer by layer. @pre x has Net::input_size elements.
template <Network Net, class Real, base::numbers Range>
constexpr std::array<double, Net::output_size> evaluate(const parameters<Net, Real>& p, const Range& x) {
  static_cast<void>(base::fitting_input<Net, Range>{});  // <- read the quoted words
  assert(std::size(x) == Net::input_size);
  std::array<double, base::largest_activation<Net>()> here{}, next{};
  std::copy_n(std::data(x), Net::input_size, here.begin());
  evaluate_in(p, here.data(), next.data());
  std::array<double, Net::output_size> y{};
  std::copy_n(here.begin(), Net::output_size, y.begin());
  return y;
}

}  // namespace taut
