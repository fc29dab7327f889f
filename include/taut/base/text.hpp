// SPDX-License-Identifier: Apache-2.0
// Text under construction in constant expressions: names of layers, sentences of errors, formulas.
//
//   say("layer ", 3, ", ", "Linear<32>").view() == "layer 3, Linear<32>"
#pragma once
#include <cstddef>
#include <string_view>

namespace taut::base {

/// Text of at most `Capacity` characters, built by appending text, whole numbers and real numbers.
/// Longer text is cut at the capacity and ends in "..".
template <std::size_t Capacity> struct text {
  char characters[Capacity + 1]{};
  std::size_t length = 0;

  constexpr void put(char c) {
    if (length < Capacity) characters[length++] = c;
    else if (Capacity >= 2) characters[Capacity - 1] = characters[Capacity - 2] = '.';
  }
  constexpr text& operator+=(std::string_view s) {
    for (char c : s) put(c);
    return *this;
  }
  constexpr text& operator+=(const char* s) { return *this += std::string_view(s); }
  template <std::size_t Other> constexpr text& operator+=(const text<Other>& other) { return *this += other.view(); }
  constexpr text& operator+=(std::size_t value) {
    char digits[20]{};
    std::size_t count = 0;
    do {
      digits[count++] = static_cast<char>('0' + value % 10);
      value /= 10;
    } while (value != 0);
    while (count != 0) put(digits[--count]);
    return *this;
  }
  constexpr text& operator+=(int value) {
    if (value < 0) put('-');
    return *this += static_cast<std::size_t>(value < 0 ? -value : value);
  }
  /// Six significant digits, as printf's %g writes them (for people; files use exact forms).
  constexpr text& operator+=(double value) {
    if (value < 0) {
      put('-');
      value = -value;
    }
    if (value == 0) return *this += "0";
    if (!(value <= 1.7e308)) return *this += value > 0 ? "infinity" : "nan";
    int exponent = 0;
    double scaled = value;
    while (scaled >= 10) scaled /= 10, ++exponent;
    while (scaled < 1) scaled *= 10, --exponent;
    auto digits = static_cast<std::size_t>(scaled * 1e5 + 0.5);
    if (digits >= 1000000) digits /= 10, ++exponent;
    std::size_t count = 6;
    while (count > 1 && digits % 10 == 0) digits /= 10, --count;
    char written[6]{};
    for (std::size_t i = count; i-- > 0; digits /= 10) written[i] = static_cast<char>('0' + digits % 10);
    const bool scientific = exponent < -4 || exponent >= 6;
    const int point = scientific ? 0 : exponent;  // position of the digit before the decimal point
    if (point < 0) {
      *this += "0.";
      for (int i = point + 1; i < 0; ++i) put('0');
    }
    for (std::size_t i = 0; i < count; ++i) {
      if (point >= 0 && static_cast<int>(i) == point + 1) put('.');
      put(written[i]);
    }
    for (int i = static_cast<int>(count); i <= point; ++i) put('0');
    if (scientific) {
      *this += exponent < 0 ? "e-" : "e+";
      const int size = exponent < 0 ? -exponent : exponent;
      if (size < 10) put('0');
      *this += size;
    }
    return *this;
  }

  [[nodiscard]] constexpr std::string_view view() const { return {characters, length}; }
  constexpr operator std::string_view() const { return view(); }  // NOLINT: text is text
};

/// The text of a name or of a part of a sentence.
using words = text<95>;

/// The parts, one after the other: text, whole numbers and real numbers.
template <class... Parts> constexpr words say(const Parts&... parts) {
  words w;
  ((w += parts), ...);
  return w;
}

}  // namespace taut::base
