// SPDX-License-Identifier: Apache-2.0
//
// log and log1p for any lane, in constant expressions too: the same operations in every lane of floats, as in math.hpp.
// Below 0 (below -1) the result is NaN, at 0 (at -1) -infinity. Example:
//   static_assert(log1p(1e-30f) == 1e-30f);
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <taut/simd/math.hpp>
#include <taut/simd/portable.hpp>
#include <type_traits>

namespace taut::simd {

namespace detail {

// ln x + k ln 2 + c for x in [2^-126, 2^126]: x = 2^n (1 + f), f in [-0.293, 0.415], and ln(1 + f) = f + f^2 p(f)
// (6e-9); n ln 2 in two parts, the first exact.
template <class V> [[gnu::always_inline]] constexpr V logarithm(const V& x, const V& k, const V& c) {
  constexpr float p[]{-0.5f,          0x1.555554p-2f,  -0x1.00022ap-2f, 0x1.99a02ap-3f, -0x1.547168p-3f,
                      0x1.22d6d2p-3f, -0x1.0d8b7ap-3f, 0x1.057588p-3f,  -0x1.38d22ap-4f};
  const V n = nearest_exponent(x) - V(integer_shift);
  const V f = x * power_of_two(V(integer_shift) - n) - V(1), sum = n + k;
  const V low = multiply_add(f * f, polynomial(f, p), multiply_add(sum, V(-0x1.bd0106p-13f), c));
  return multiply_add(sum, V(0x1.63p-1f), f + low);
}
// y = ln x, but NaN for x < 0 and infinite where x is 0 or infinite.
template <class V> [[gnu::always_inline]] constexpr V with_poles(const V& x, const V& y) {
  constexpr float infinity = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  const V pole = select(less(x, 0.0f), V(nan), V(-infinity));
  return select(less(x, 0x1p-126f), pole, select(less(V(std::numeric_limits<float>::max()), x), V(infinity), y));
}

// 2 artanh(f / (2 + f)) = ln(1 + f) for f in [-0.293, 0.415]: ten terms of the series.
constexpr double log_near_one(double f) {
  const double s = f / (2 + f), square = s * s;
  double p = 0;
  for (int i = 23; i > 1; i -= 2) p = (p + 1.0 / i) * square;
  return f - s * (f - 2 * p);
}
// ln x + c for a normal x > 0 and |c| < x 2^-53, with the n of x = 2^n (1 + f).
constexpr double log_of_normal(double x, double c, int scaled) {
  const auto n = static_cast<int>((bits(x) + 0x95f619980c433u) >> 52) - 1023;
  const double f = __builtin_bit_cast(double, bits(x) - (static_cast<std::uint64_t>(n) << 52)) - 1;
  const int k = n + scaled;
  return k * 0x1.62e42fee00000p-1 + (log_near_one(f) + (k * 0x1.a39ef35793c76p-33 + c / x));
}

}  // namespace detail

/// ln x: below 1 ulp, for subnormal x too.
template <float_lane V> [[gnu::always_inline]] constexpr V log(const V& x) {
  const auto small = less(x, 1.0f);  // a power of two keeps the exponents that power_of_two knows
  const V moved = x * select(small, V(0x1p24f), 0x1p-2f), k = select(small, V(-24), 2.0f);
  return detail::with_poles(moved, detail::logarithm(min(max(moved, 0x1p-126f), 0x1p126f), k, V(0)));
}
/// ln x for double: relative error 6e-16 in constant expressions.
constexpr double log(double x) {
  if (!std::is_constant_evaluated()) return __builtin_log(x);
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (!(x > 0)) return x == 0 ? -infinity : std::numeric_limits<double>::quiet_NaN();
  if (x == infinity) return x;
  return x < 0x1p-1022 ? detail::log_of_normal(x * 0x1p54, 0, -54) : detail::log_of_normal(x, 0, 0);
}

/// ln(1 + x): below 1 ulp, also where it is small.
template <float_lane V> [[gnu::always_inline]] constexpr V log1p(const V& x) {
  // u + c = 1 + x exactly [Dekker's fast two-sum], ln(u + c) = ln u + c / u
  const V bounded = min(max(x, -1.0f + 0x1p-24f), std::numeric_limits<float>::max());
  const V u = as_written(V(1) + bounded), larger = max(bounded, 1.0f), smaller = min(bounded, 1.0f);
  const V c = (smaller - as_written(u - larger)) / u;
  return detail::with_poles(V(1) + x, detail::logarithm(u * V(0x1p-2f), V(2), c));
}
/// ln(1 + x) for double: relative error 6e-16 in constant expressions.
constexpr double log1p(double x) {
  if (!std::is_constant_evaluated()) return __builtin_log1p(x);
  const double u = 1 + x;
  if (!(u > 0) || u == std::numeric_limits<double>::infinity()) return log(u);
  return detail::log_of_normal(u, x < 1 ? x - (u - 1) : 1 - (u - x), 0);
}

/// The same functions of a double that carries derivatives.
template <differential_lane V> constexpr V log(const V& x) {
  return x.chain(log(x.value), 1 / x.value, -1 / (x.value * x.value));
}
template <differential_lane V> constexpr V log1p(const V& x) {
  const double slope = 1 / (1 + x.value);
  return x.chain(log1p(x.value), slope, -slope * slope);
}

}  // namespace taut::simd
