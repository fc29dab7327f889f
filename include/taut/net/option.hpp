// SPDX-License-Identifier: Apache-2.0
// Options of layers, given by call: Linear<32>(no_bias, at_most<2.0>). An option is a value whose type carries its key
// (a type) and its value; a layer lists the keys it takes, and a mistake is one sentence. A new layer may bring options
// of its own: any struct derived from option::base with `key`, `name` and `value` is one.
//
//   option::value_of<option::at_most_key, Options...>(default)     the option's value, or the default
#pragma once
#include <concepts>
#include <cstddef>
#include <taut/base/error.hpp>
#include <taut/base/meta.hpp>
#include <taut/base/text.hpp>
#include <taut/net/layer.hpp>
#include <type_traits>

namespace taut {

/// A layer is given an option it does not take. Never defined: its arguments are the message.
template <base::phrase... Sentence> struct option_error;

namespace option {

using taut::base::list, taut::base::words, taut::base::say, taut::base::phrase_of;

/// The base of all options.
struct base {};

template <class O>
concept Option = std::derived_from<O, base> && requires {
  typename O::key;
  O::name;
  O::value;
};

struct at_most_key {};
template <double Value> struct at_most : base {
  using key = at_most_key;
  static constexpr double value = Value;
  static constexpr const char* name = "at_most";
};
struct epsilon_key {};
template <double Value> struct epsilon : base {
  using key = epsilon_key;
  static constexpr double value = Value;
  static constexpr const char* name = "epsilon";
};
struct min_std_key {};
template <double Value> struct min_std : base {
  using key = min_std_key;
  static constexpr double value = Value;
  static constexpr const char* name = "min_std";
};
struct gain_at_most_key {};
template <double Value> struct gain_at_most : base {
  using key = gain_at_most_key;
  static constexpr double value = Value;
  static constexpr const char* name = "gain_at_most";
};
struct momentum_key {};
template <double Value> struct momentum : base {
  using key = momentum_key;
  static constexpr double value = Value;
  static constexpr const char* name = "momentum";
};
struct padding_key {};
template <std::size_t First, std::size_t Second> struct padding : base {
  using key = padding_key;
  static constexpr std::size_t value = First, second = Second;
  static constexpr bool may_be_zero = true;
  static constexpr const char* name = "padding";
};
struct stride_key {};
template <std::size_t First, std::size_t Second> struct stride : base {
  using key = stride_key;
  static constexpr std::size_t value = First, second = Second;
  static constexpr const char* name = "stride";
};
struct groups_key {};
template <std::size_t Value> struct groups : base {
  using key = groups_key;
  static constexpr std::size_t value = Value;
  static constexpr const char* name = "groups";
};
struct in_ball_key {};
template <double Value> struct in_ball : base {
  using key = in_ball_key;
  static constexpr double value = Value;
  static constexpr const char* name = "in_ball";
};
struct in_box_key {};
template <double Lower, double Upper> struct in_box : base {
  using key = in_box_key;
  static constexpr double value = Lower, second = Upper;
  static constexpr bool makes_sense = Lower < Upper;
  static constexpr const char *name = "in_box", *demands = "needs lower < upper, not";
};
struct over_last : base {
  using key = over_last;
  static constexpr bool value = true;
  static constexpr const char* name = "over_last";
};
struct no_bias : base {
  using key = no_bias;
  static constexpr bool value = true;
  static constexpr const char* name = "no_bias";
};
struct no_affine : base {
  using key = no_affine;
  static constexpr bool value = true;
  static constexpr const char* name = "no_affine";
};

/// Whether an option with this key is among the given ones.
template <class Key, class... Options> inline constexpr bool has = (std::same_as<Key, typename Options::key> || ...);

/// The value of the option with this key, or the default.
template <class Key, class... Options> constexpr double value_of(double otherwise) {
  double found = otherwise;
  ((std::same_as<Key, typename Options::key> ? found = static_cast<double>(Options::value) : found), ...);
  return found;
}

/// A size for each of the two axes of an image; a signal has the first only.
struct sizes {
  std::size_t first, second;
};
/// The sizes of the option with this key, or the default on both axes.
template <class Key, class... Options> constexpr sizes sizes_of(std::size_t otherwise) {
  sizes found{otherwise, otherwise};
  [[maybe_unused]] const auto look = [&found]<class O>(std::type_identity<O>) {
    if constexpr (std::same_as<Key, typename O::key>) found = {O::value, O::second};
  };
  (look(std::type_identity<Options>{}), ...);
  return found;
}

/// Two real numbers of an option.
struct reals {
  double first, second;
};
/// The numbers of the option with this key, or the default.
template <class Key, class... Options> constexpr reals reals_of(reals otherwise) {
  [[maybe_unused]] const auto look = [&otherwise]<class O>(std::type_identity<O>) {
    if constexpr (std::same_as<Key, typename O::key>) otherwise = {O::value, O::second};
  };
  (look(std::type_identity<Options>{}), ...);
  return otherwise;
}

/// How an option is written: "no_bias", "at_most<2>", "stride<2, 1>".
template <class O> constexpr words spelling() {
  if constexpr (!Option<O>) return say("something else");
  else {
    words w = say(O::name);
    if constexpr (!std::same_as<decltype(O::value), const bool>) {
      (w += "<") += static_cast<double>(O::value);
      if constexpr (requires { O::second; }) {
        if (O::second != O::value) (w += ", ") += O::second;
      }
      w += ">";
    }
    return w;
  }
}

/// Whether the value of an option makes sense: positive, or zero where the option allows it, or as the option says.
template <class O> constexpr bool in_range() {
  if constexpr (requires { O::makes_sense; }) return O::makes_sense;
  bool positive = O::value > 0;
  if constexpr (requires { O::second; }) positive = positive && O::second > 0;
  if constexpr (requires { O::may_be_zero; }) return true;
  else return positive;
}

/// Whether L states that these options together make no sense.
template <class L, class... All> constexpr bool contradiction() {
  if constexpr (requires { L::template contradicts<All...>; }) return L::template contradicts<All...>;
  else return false;
}

/// What is wrong with option O for layer L behind the options Before; empty if nothing is.
template <class L, class O, class... Before> constexpr words objection() {
  if constexpr (!Option<O>) {
    return say("takes options, but was given");
  } else {
    constexpr bool known = []<class... Keys>(list<Keys...>) {
      return (std::same_as<typename O::key, Keys> || ...);
    }(typename L::takes{});
    if constexpr (!known) return say("does not take the option");
    else if constexpr (has<typename O::key, Before...>) return say("was given twice the option");
    else if constexpr (!in_range<O>() && requires { O::demands; }) return say(O::demands);
    else if constexpr (!in_range<O>()) return say("needs a positive number, not");
    else if constexpr (contradiction<L, Before..., O>()) return say("has options that contradict");
    else return {};
  }
}

/// Layer L with more options: the type, and what is wrong with the first that L refuses.
template <class L, class Old, class... Given> struct configuration {
  using type = L;
  static constexpr bool fits = true;
  using refused = void;
};
template <class L, class... Old, class O, class... More> struct configuration<L, list<Old...>, O, More...> {
  static constexpr words objects = objection<L, O, Old...>();
  static constexpr auto here = [] {
    if constexpr (objects.length == 0) return typename L::template with<Old..., O>{};
    else return L{};
  }();
  using kept = std::conditional_t<objects.length == 0, list<Old..., O>, list<Old...>>;
  using next = configuration<std::remove_const_t<decltype(here)>, kept, More...>;
  using type = typename next::type;
  static constexpr bool fits = objects.length == 0 && next::fits;
  using refused = std::conditional_t<objects.length == 0, typename next::refused, configuration>;
  using option = O;
};

}  // namespace option

/// The base of layers that take options by call: Linear<32>(no_bias, at_most<2.0>). L states `options`, the list of
/// those it has; `takes`, the keys it knows; and `with<...>`, the layer with other options. An option that L refuses is
/// one compile error and left out.
template <class L> struct configurable : layer_base {
  constexpr auto operator()(auto... given) const {
    using made = option::configuration<L, typename L::options, decltype(given)...>;
    if constexpr (!made::fits) {
      constexpr auto where = base::phrase_of<L::name>();
      constexpr auto what = base::phrase_of<made::refused::objects>();
      constexpr auto which = base::phrase_of<option::spelling<typename made::refused::option>()>();
      option_error<where, what, which>{};  // <- read the quoted words
    }
    return typename made::type{};
  }
};

/// The spectral norm of a weight matrix is at most c. Proved when weights are loaded, enforced while training.
template <double c> inline constexpr option::at_most<c> at_most{};
/// The constant a normalizer adds to the variance before the root (PyTorch's eps, by default 1e-5).
template <double e> inline constexpr option::epsilon<e> epsilon{};
/// A normalizer's input has at least this standard deviation. Checked for each input when it is certified.
template <double s> inline constexpr option::min_std<s> min_std{};
/// No gain of a normalizer exceeds g in absolute value. Checked when weights are loaded, enforced while training.
template <double g> inline constexpr option::gain_at_most<g> gain_at_most{};
/// How much of a new batch's statistics enters the running ones (PyTorch's meaning, by default 0.1).
template <double m> inline constexpr option::momentum<m> momentum{};
/// Zeros around the input of a convolution or pooling: on both axes, or `padding<Height, Width>`.
template <std::size_t A, std::size_t B = A> inline constexpr option::padding<A, B> padding{};
/// Distance between neighbouring windows: on both axes, or `stride<Height, Width>`.
template <std::size_t A, std::size_t B = A> inline constexpr option::stride<A, B> stride{};
/// Channels in this many groups, each convolved on its own; as many as channels: a depthwise convolution.
template <std::size_t g> inline constexpr option::groups<g> groups{};
/// Inputs of the network have a Euclidean norm of at most r: `Input<64>(in_ball<8.0>)`. Looked at by certify.
template <double r> inline constexpr option::in_ball<r> in_ball{};
/// Every element of an input lies in [lower, upper]: `Input<64>(in_box<0.0, 1.0>)`. Looked at by certify.
template <double lower, double upper> inline constexpr option::in_box<lower, upper> in_box{};
/// The normalizer pools the last axis only: every token, row or position on its own.
inline constexpr option::over_last over_last{};
/// The layer has no bias.
inline constexpr option::no_bias no_bias{};
/// The normalizer has neither gain nor offset.
inline constexpr option::no_affine no_affine{};

}  // namespace taut
