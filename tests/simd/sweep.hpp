// SPDX-License-Identifier: Apache-2.0
// What the tests of elementary functions share: errors over all floats of an interval (every step-th), the agreement of
// all lanes bit for bit, and the errors of doubles in constant expressions.
#pragma once
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <taut/simd/lane.hpp>

#include "support/catch.hpp"

namespace taut::simd::tests {

inline constexpr float infinity = std::numeric_limits<float>::infinity();
inline constexpr float nan = std::numeric_limits<float>::quiet_NaN();

/// Maxima over a sweep.
struct errors {
  double ulp = 0, absolute = 0;
  float largest = 0;
};

/// The errors of f on native lanes over every step-th float between from and to (of one sign, |from| < |to|).
template <class F, class Exact> errors sweep(float from, float to, std::uint32_t step, F f, Exact exact) {
  constexpr std::size_t size = width<native>;
#if defined(__SANITIZE_ADDRESS__)  // what is asked there is another matter than accuracy
  step *= 16;
#endif
  errors worst;
  alignas(64) float x[size], y[size];
  const std::uint32_t last = std::bit_cast<std::uint32_t>(to);
  for (std::uint32_t bits = std::bit_cast<std::uint32_t>(from); bits < last;) {
    for (std::size_t i = 0; i < size; ++i, bits += step) x[i] = std::bit_cast<float>(std::min(bits, last));
    store_aligned(f(load_aligned<native>(x)), y);
    for (std::size_t i = 0; i < size; ++i) {
      const double truth = exact(static_cast<double>(x[i]));
      int exponent;
      std::frexp(truth, &exponent);
      const double error = std::abs(y[i] - truth), unit = std::ldexp(1.0, std::max(exponent, -125) - 24);
      worst.ulp = std::max(worst.ulp, error / unit);
      worst.absolute = std::max(worst.absolute, error);
      worst.largest = std::max(worst.largest, std::abs(y[i]));
      if (!(error < infinity)) worst.ulp = infinity;
    }
  }
  return worst;
}

/// f of 160 numbers that fill [-4 scale, 4 scale).
template <class T, class F> constexpr auto table(F f, T scale) {
  std::array<T, 160> r{};
  for (std::size_t i = 0; i < r.size(); ++i) r[i] = f((static_cast<T>(i) - 80) * scale / 20);
  return r;
}

/// The same float, bit for bit; any NaN equals any other.
inline bool same(float a, float b) {
  return std::isnan(a) ? std::isnan(b) : std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b);
}

/// f(x) is NaN exactly where `undefined` says so, and the same in every lane.
template <class F> void check_special(F f, float x, bool undefined) {
  CAPTURE(x);
  alignas(64) float lanes[width<native>];
  store_aligned(f(native(x)), lanes);
  const float scalar = f(x);
  CHECK(std::isnan(scalar) == undefined);
  for (const float y : lanes) CHECK(same(y, scalar));
  CHECK(same(f(portable<1>(x)).at[0], scalar));
}

/// How often scalars, portable<1> and the native lane differ from the constant expression table(f, scale).
template <class F> std::size_t differences(F f, const std::array<float, 160>& constant, float scale) {
  constexpr std::size_t size = width<native>;
  std::size_t different = 0;
  for (std::size_t i = 0; i < constant.size(); ++i) {
    const volatile float opaque = (static_cast<float>(i) - 80) * scale / 20;
    const float x = opaque;
    alignas(64) float lanes[size];
    store_aligned(f(native(x)), lanes);
    different += !same(f(x), constant[i]);
    different += !same(f(portable<1>(x)).at[0], constant[i]);
    for (const float y : lanes) different += !same(y, constant[i]);
  }
  return different;
}

/// The largest relative error of table(f, scale); where the truth is 0, the absolute one; NaN must be NaN.
template <class Exact> double worst(Exact exact, const std::array<double, 160>& constant, double scale) {
  double error = 0;
  for (std::size_t i = 0; i < constant.size(); ++i) {
    const long double truth = exact(static_cast<long double>((static_cast<double>(i) - 80) * scale / 20));
    if (std::isnan(truth) && std::isnan(constant[i])) continue;
    if (std::isinf(truth) && static_cast<double>(truth) == constant[i]) continue;
    const long double off = truth == 0 ? std::abs(constant[i]) : std::abs(constant[i] / truth - 1);
    if (!(off <= error)) error = static_cast<double>(off);
  }
  return error;
}

}  // namespace taut::simd::tests
