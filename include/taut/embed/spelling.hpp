// SPDX-License-Identifier: Apache-2.0
// A network as the text that builds it again: the expression of the DSL that compiles to the same type.
//
//   spelling<Net>() == "Input<64> >> Linear<32>(at_most<2.0>) >> LayerNorm(min_std<0.25>) >> ReLU >> Linear<10>"
//
// A layer is written as its `name` and its `options`. One that needs more states `static std::string spelling()`, or,
// if it must not know strings, `static void spelling(auto& out)` with `out += text`, `out += number` (all digits),
// `out.options(list)` and `out.layers(list)`. What is not in namespace taut spells its own namespace.
#pragma once
#include <charconv>
#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <taut/net/network.hpp>
#include <taut/net/option.hpp>
#include <type_traits>

namespace taut {

/// Text of the DSL under construction.
struct dsl_text {
  std::string text;

  dsl_text& operator+=(std::string_view s) {
    text += s;
    return *this;
  }
  dsl_text& operator+=(std::integral auto value) {
    text += std::to_string(value);
    return *this;
  }
  /// The shortest decimal that reads back as the same double, and reads as a double.
  dsl_text& operator+=(double value) {
    if (!rounded::is_finite(value))
      return *this += value < 0 ? "-taut::rounded::infinity" : "taut::rounded::infinity";  // no option accepts NaN
    char digits[32];
    const std::string_view written(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
    text += written;
    return written.find_first_of(".e") == written.npos ? *this += ".0" : *this;
  }

  /// "a >> b >> c"
  template <class... Layers> void layers(base::list<Layers...>) {
    base::for_each_index<sizeof...(Layers)>([this]<std::size_t I>() {
      if (I != 0) *this += " >> ";
      layer<base::at<base::list<Layers...>, I>>();
    });
  }
  /// "(no_bias, at_most<2.0>)", or nothing.
  template <class... Options> void options(base::list<Options...>) {
    [[maybe_unused]] const char* before = "(";
    ((*this += before, option<Options>(), before = ", "), ...);
    if (sizeof...(Options) > 0) *this += ")";
  }

  template <class L> void layer() {
    if constexpr (requires {
                    { L::spelling() } -> std::convertible_to<std::string>;
                  }) {
      *this += std::string(L::spelling());
    } else if constexpr (requires { L::spelling(*this); }) {
      L::spelling(*this);
    } else {
      *this += std::string_view(L::name);
      if constexpr (requires { typename L::options; }) options(typename L::options{});
    }
  }
  template <class O> void option() {
    *this += O::name;
    if constexpr (!std::same_as<std::remove_const_t<decltype(O::value)>, bool>) {
      *this += "<";
      *this += O::value;
      if constexpr (requires { O::second; }) {
        if (O::second != O::value) *this += ", ", *this += O::second;
      }
      *this += ">";
    }
  }
};

/// The expression that builds Net, to be read where the names of namespace taut are visible.
template <Network Net> [[nodiscard]] std::string spelling() {
  dsl_text out;
  out.layer<typename Net::input>();
  if (Net::depth > 0) out += " >> ";
  out.layers(base::layers_of<Net>{});
  return out.text;
}

}  // namespace taut
