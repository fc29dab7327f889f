// SPDX-License-Identifier: Apache-2.0
//
// exp, expm1, tanh and sigmoid for any lane, in constant expressions too. Every lane of floats evaluates the same
// formula by the same operations, so scalars, registers and the compiler agree bit for bit; the errors stated for float
// are maxima over all floats. Double: the standard library at run time, series in constant expressions. NaN gives NaN.
// Example:
//   static_assert(tanh(portable<4>(100.0f)).at[3] == 1.0f);
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <taut/simd/portable.hpp>
#include <type_traits>

namespace taut::simd {

namespace detail {

// sum of c[i] r^i, by Horner's rule.
template <class V, std::size_t Count>
[[gnu::always_inline]] constexpr V polynomial(const V& r, const float (&c)[Count]) {
  V p = V(c[Count - 1]);
#pragma GCC unroll 16
  for (std::size_t i = Count - 1; i > 0; --i) p = multiply_add(p, r, c[i - 1]);
  return p;
}

// exp(x) - 1 = 2^k (1 + (e^r - 1)) - 1 with x = k ln 2 + r, |r| <= 0.347, the Taylor series of e^r - 1 to r^14.
struct reduced_exp {
  double tail;  // e^r - 1
  int power;    // k
};
constexpr reduced_exp reduce_exp(double x) {
  const int k = static_cast<int>(x * 1.4426950408889634 + (x < 0 ? -0.5 : 0.5));
  const double r = (x - k * 0x1.62e42fee00000p-1) - k * 0x1.a39ef35793c76p-33;  // ln 2 in 32 + 53 bits
  double p = 1;
  for (int i = 14; i > 1; --i) p = 1 + p * r / i;
  return {p * r, k};
}
constexpr double two_to(int n) {  // n in [-1022, 1023]
  return __builtin_bit_cast(double, static_cast<std::uint64_t>(n + 1023) << 52);
}

constexpr float exp_low = -86.9f, exp_high = 0x1.62e42ep6f;

// x = n ln 2 + r: n + integer_shift.
template <class V> [[gnu::always_inline]] constexpr V nearest_power(const V& x) {
  return as_written(multiply_add(x, V(0x1.715476p0f), integer_shift));
}
// x - n ln 2, in [-0.3466, 0.3466]; n ln 2 in two parts, the first exact.
template <class V> [[gnu::always_inline]] constexpr V reduced(const V& x, const V& n) {
  return multiply_add(n, V(0x1.bd0106p-13f), multiply_add(n, V(-0x1.63p-1f), x));
}
// 2^n e^r: a polynomial (1e-8) is 2 e^r, then times 2^(n-1).
template <class V> [[gnu::always_inline]] constexpr V scaled_exp(const V& r, const V& shifted) {
  constexpr float twice[]{2, 2, 1, 0x1.5554dcp-2f, 0x1.55551ap-4f, 0x1.120ba2p-6f, 0x1.6d113cp-9f};
  return polynomial(r, twice) * power_of_two(shifted - V(1));
}

}  // namespace detail

/// e^x on [-86.9, 88.7228]: below 1 ulp (1.3 where the target does not fuse); 0 below (e^-86.9 = 1.8e-38), infinity
/// above.
template <float_lane V> [[gnu::always_inline]] constexpr V exp(const V& x) {
  const V bounded = min(max(x, detail::exp_low), detail::exp_high);
  const V shifted = detail::nearest_power(bounded), n = shifted - V(integer_shift);
  const V y = detail::scaled_exp(detail::reduced(bounded, n), shifted);
  return select(less(x, detail::exp_low), V(0),
                select(less(V(detail::exp_high), x), V(std::numeric_limits<float>::infinity()), y));
}
/// e^(x + low) for x <= 0 and |low| < 0.03, both of which count to the last digit: below 1.1 ulp (1.4 where the target
/// does not fuse); 0 for x < -86.9.
template <float_lane V> [[gnu::always_inline]] constexpr V exp(const V& x, const V& low) {
  const V bounded = max(x, detail::exp_low);
  const V shifted = detail::nearest_power(bounded + low), n = shifted - V(integer_shift);
  const V y = detail::scaled_exp(detail::reduced(bounded, n) + low, shifted);
  return select(less(x, detail::exp_low), V(0), y);
}
/// e^x for double: relative error 2e-16 in constant expressions.
constexpr double exp(double x) {
  if (!std::is_constant_evaluated()) return __builtin_exp(x);
  if (x > 709.782712893384) return std::numeric_limits<double>::infinity();
  if (x < -745.2) return 0;
  if (x != x) return x;
  const auto [tail, k] = detail::reduce_exp(x);
  return (1 + tail) * detail::two_to(k / 2) * detail::two_to(k - k / 2);
}

/// e^(x + low) for double.
constexpr double exp(double x, double low) {
  return exp(x) * (1 + low * (1 + low / 2 * (1 + low / 3 * (1 + low / 4))));
}

/// e^x - 1: below 1.7 ulp, also where it is small; -1 below -17.5, infinity above 88.7228.
template <float_lane V> [[gnu::always_inline]] constexpr V expm1(const V& x) {
  const V bounded = min(max(x, -17.5f), detail::exp_high);
  const V shifted = detail::nearest_power(bounded), n = shifted - V(integer_shift), r = detail::reduced(bounded, n);
  // 2^n (e^r - 1) + (2^n - 1), half of it because 2^128 is no float; e^r - 1 = r + r^2 p(r) (1.4e-8).
  constexpr float p[]{0.5f, 0x1.5554b6p-3f, 0x1.5555acp-5f, 0x1.122414p-7f, 0x1.6c6598p-10f};
  const V tail = multiply_add(r * r, detail::polynomial(r, p), r), half = power_of_two(shifted - V(1));
  const V y = V(2) * multiply_add(half, tail, half - V(0.5f));
  return select(less(abs(x), V(0x1p-100f)), x,
                select(less(V(detail::exp_high), x), V(std::numeric_limits<float>::infinity()), y));
}
/// e^x - 1 for double: relative error 6e-16 in constant expressions.
constexpr double expm1(double x) {
  if (!std::is_constant_evaluated()) return __builtin_expm1(x);
  if (x != x || abs(x) < 0x1p-54) return x;
  if (x > 40) return exp(x);
  if (x < -40) return -1;
  const auto [tail, k] = detail::reduce_exp(x);
  const double scale = detail::two_to(k);
  return scale * tail + (scale - 1);
}

/// tanh x: absolute error below 2.1e-7, relative error below 6 ulp; |tanh x| <= 1, and equal to 1 from |x| = 9.0122 on.
template <float_lane V> [[gnu::always_inline]] constexpr V tanh(const V& x) {
  // tanh x = n d / (n^2 / 4 + d^2) with (n / 2) / d = tanh(x / 2) and n = x P(x^2), d = Q(x^2): minimax on
  // [-9.02, 9.02] for the error of the result (8e-9). All coefficients are positive, so no digits cancel, and where
  // tanh is flat the second step flattens the rounding errors of the first.
  constexpr float limit = 0x1.2063cep3f;  // one of the points where the quotient rounds to 1, fused or not
  const V bounded = min(max(x, -limit), limit);
  const V size = min(abs(x), limit), square = size * size;  // bounded^2, and sooner
  // P and Q in pairs of terms: fewer operations wait for each other than in Horner's rule
  const V n = multiply_add(bounded * square, multiply_add(square, V(0x1.df8bb8p-14f), 0x1.e7df9p-6f), bounded);
  const V d = multiply_add(square * square, multiply_add(square, V(0x1.4a5b5p-20f), 0x1.3c639ep-10f),
                           multiply_add(square, V(0x1.cf4d3p-4f), 1.0f));
  const V upper = n * d, lower = multiply_add(n * V(0.25f), n, d * d);
  return upper / max(lower, abs(upper));  // rounding may have made it the smaller one
}
/// tanh x for double: relative error 5e-16 in constant expressions.
constexpr double tanh(double x) {
  if (!std::is_constant_evaluated()) return __builtin_tanh(x);
  if (x != x || abs(x) < 0x1p-27) return x;
  if (abs(x) > 20) return x < 0 ? -1 : 1;
  const auto [tail, k] = detail::reduce_exp(2 * abs(x));
  const double scale = detail::two_to(k), e = scale * tail + (scale - 1);  // exp(2 |x|) - 1
  return x < 0 ? -e / (e + 2) : e / (e + 2);
}

/// The same functions of a double that carries derivatives.
template <differential_lane V> constexpr V exp(const V& x) {
  const double y = exp(x.value);
  return x.chain(y, y, y);
}
template <differential_lane V> constexpr V exp(const V& x, const V& low) {
  const double y = exp(x.value, low.value);
  return (x + low).chain(y, y, y);
}
template <differential_lane V> constexpr V expm1(const V& x) {
  const double y = expm1(x.value);
  return x.chain(y, 1 + y, 1 + y);
}
template <differential_lane V> constexpr V tanh(const V& x) {
  const double y = tanh(x.value), slope = (1 - y) * (1 + y);
  return x.chain(y, slope, -2 * y * slope);
}

/// 1 / (1 + e^-x): below 2.5 ulp for x > -88.72, 0 below; in [0, 1].
template <lane V> [[gnu::always_inline]] constexpr V sigmoid(const V& x) { return V(1) / (V(1) + exp(-x)); }

}  // namespace taut::simd
