// SPDX-License-Identifier: Apache-2.0
// The input of a network: its extents, and where its values lie, if the type declares that.
//
//   Input<64>                                 any 64 numbers
//   Input<3, 32, 32>(in_box<0.0, 1.0>)        every element in [0, 1]
//   Input<64>(in_ball<8.0>)                   Euclidean norm at most 8; both may be given
//
// What is declared is a fact of the type (Net::input::ball, lower, upper). Ranges and floors that are proved for such
// inputs use it, and `certify` looks whether an input keeps it. Without an option the type is layer::input<64> alone.
#pragma once
#include <cstddef>
#include <taut/algebra/shape.hpp>
#include <taut/base/rounding.hpp>
#include <taut/base/text.hpp>
#include <taut/net/option.hpp>

namespace taut {

namespace layer {

template <class In, class... Options> struct declared_input;

namespace detail {
template <class In, class... Options> struct input_with {
  using type = declared_input<In, Options...>;
};
template <class In> struct input_with<In> {
  using type = In;
};
/// Whether a ball of radius `ball` around 0 and the box [lower, upper] of n elements have no point in common.
constexpr bool apart(double ball, double lower, double upper, std::size_t n) {
  const double nearest = lower > 0 ? lower : upper < 0 ? -upper : 0;
  return nearest > 0 && static_cast<double>(n) * nearest * nearest > ball * ball;
}
/// The box that the options declare.
template <class... Options> constexpr option::reals box_of() {
  return option::reals_of<option::in_box_key, Options...>({-rounded::infinity, rounded::infinity});
}
}  // namespace detail

/// The input of a network: features, or channels x length, or channels x height x width. Anywhere.
template <std::size_t A, std::size_t B = 0, std::size_t C = 0> struct input : configurable<input<A, B, C>> {
  static constexpr shape extents = C != 0 ? shape{A, B, C} : B != 0 ? shape{A, B} : shape{A};
  static constexpr base::words name = [] {
    auto w = base::say("Input<", A);
    if (B != 0) (w += ", ") += B;
    if (C != 0) (w += ", ") += C;
    return w += ">";
  }();
  using options = base::list<>;
  using takes = base::list<option::in_ball_key, option::in_box_key>;
  template <class... More> using with = typename detail::input_with<input, More...>::type;
  template <class... All> static constexpr bool contradicts =
      detail::apart(option::value_of<option::in_ball_key, All...>(rounded::infinity), detail::box_of<All...>().first,
                    detail::box_of<All...>().second, extents.size());

  /// The declared largest Euclidean norm of an input; infinity where none is declared.
  static constexpr double ball = rounded::infinity;
  /// The declared interval of every element; infinite where none is declared.
  static constexpr double lower = -rounded::infinity, upper = rounded::infinity;
};

/// An input whose values lie where the options say.
template <class In, class... Options> struct declared_input : configurable<declared_input<In, Options...>> {
  static constexpr shape extents = In::extents;
  static constexpr base::words name = In::name;
  using options = base::list<Options...>;
  using takes = typename In::takes;
  template <class... More> using with = typename detail::input_with<In, More...>::type;
  template <class... All> static constexpr bool contradicts = In::template contradicts<All...>;

  static constexpr double ball = option::value_of<option::in_ball_key, Options...>(rounded::infinity);
  static constexpr double lower = detail::box_of<Options...>().first, upper = detail::box_of<Options...>().second;
};

}  // namespace layer

namespace base {

template <class P> inline constexpr bool is_input = false;
template <std::size_t A, std::size_t B, std::size_t C> inline constexpr bool is_input<layer::input<A, B, C>> = true;
template <class In, class... Options> inline constexpr bool is_input<layer::declared_input<In, Options...>> = true;

/// An input with what it declares: "Input<64>(in_ball<8>)".
template <class In> constexpr words title_of_input() {
  words w = In::name;
  [&w]<class... Options>(list<Options...>) {
    [[maybe_unused]] const char* before = "(";
    (((w += before) += option::spelling<Options>(), before = ", "), ...);
    if (sizeof...(Options) > 0) w += ")";
  }(typename In::options{});
  return w;
}

}  // namespace base

/// The input of a network: `Input<64>`, `Input<8, 32>` (channels, length), `Input<3, 32, 32>` (channels, height,
/// width). Options: in_ball<r>, in_box<lower, upper>.
template <std::size_t A, std::size_t B = 0, std::size_t C = 0> inline constexpr layer::input<A, B, C> Input{};

}  // namespace taut
