// SPDX-License-Identifier: Apache-2.0
//
// exp, tanh and sigmoid for any lane, in constant expressions too. Every lane of floats evaluates the same formula by
// the same operations, so scalars, registers and the compiler agree bit for bit; the errors stated for float are maxima
// over all floats. Double: the standard library at run time, series in constant expressions. NaN gives NaN. Example:
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
constexpr double power_of_two(int n) {  // n in [-1022, 1023]
  return __builtin_bit_cast(double, static_cast<std::uint64_t>(n + 1023) << 52);
}

}  // namespace detail

/// e^x on [-86.9, 88.7228]: below 1 ulp (1.3 where the target does not fuse); 0 below (e^-86.9 = 1.8e-38), infinity
/// above.
template <float_lane V> [[gnu::always_inline]] constexpr V exp(const V& x) {
  constexpr float low = -86.9f, high = 0x1.62e42ep6f;
  const V bounded = min(max(x, low), high);
  // x = n ln 2 + r, |r| <= 0.3466; n ln 2 in two parts, the first exact. A polynomial (1e-8) is 2 e^r, then times
  // 2^(n-1).
  const V shifted = as_written(multiply_add(bounded, V(0x1.715476p0f), integer_shift)), n = shifted - V(integer_shift);
  const V r = multiply_add(n, V(0x1.bd0106p-13f), multiply_add(n, V(-0x1.63p-1f), bounded));
  constexpr float twice[]{2, 2, 1, 0x1.5554dcp-2f, 0x1.55551ap-4f, 0x1.120ba2p-6f, 0x1.6d113cp-9f};
  const V y = detail::polynomial(r, twice) * power_of_two(shifted - V(1));
  return select(less(x, low), V(0), select(less(V(high), x), V(std::numeric_limits<float>::infinity()), y));
}
/// e^x for double: relative error 2e-16 in constant expressions.
constexpr double exp(double x) {
  if (!std::is_constant_evaluated()) return __builtin_exp(x);
  if (x > 709.782712893384) return std::numeric_limits<double>::infinity();
  if (x < -745.2) return 0;
  if (x != x) return x;
  const auto [tail, k] = detail::reduce_exp(x);
  return (1 + tail) * detail::power_of_two(k / 2) * detail::power_of_two(k - k / 2);
}

/// tanh x: absolute error below 2e-7, relative error below 6 ulp; |tanh x| <= 1, and equal to 1 from |x| = 9.0122 on.
template <float_lane V> [[gnu::always_inline]] constexpr V tanh(const V& x) {
  // tanh x = n d / (n^2 / 4 + d^2) with (n / 2) / d = tanh(x / 2) and n = x P(x^2), d = Q(x^2): minimax on
  // [-9.02, 9.02] for the error of the result (8e-9). All coefficients are positive, so no digits cancel, and where
  // tanh is flat the second step flattens the rounding errors of the first.
  constexpr float limit = 0x1.2063cep3f;  // one of the points where the quotient rounds to 1, fused or not
  const V bounded = min(max(x, -limit), limit), square = bounded * bounded;
  constexpr float upper[]{1, 0x1.e7df9p-6f, 0x1.df8bb8p-14f};
  constexpr float lower[]{1, 0x1.cf4d3p-4f, 0x1.3c639ep-10f, 0x1.4a5b5p-20f};
  const V n = bounded * detail::polynomial(square, upper), d = detail::polynomial(square, lower);
  return min(max(n * d / multiply_add(n * V(0.25f), n, d * d), -1.0f), 1.0f);
}
/// tanh x for double: relative error 5e-16 in constant expressions.
constexpr double tanh(double x) {
  if (!std::is_constant_evaluated()) return __builtin_tanh(x);
  if (x != x || abs(x) < 0x1p-27) return x;
  if (abs(x) > 20) return x < 0 ? -1 : 1;
  const auto [tail, k] = detail::reduce_exp(2 * abs(x));
  const double scale = detail::power_of_two(k), e = scale * tail + (scale - 1);  // exp(2 |x|) - 1
  return x < 0 ? -e / (e + 2) : e / (e + 2);
}

/// 1 / (1 + e^-x): below 2.5 ulp for x > -88.72, 0 below; in [0, 1].
template <lane V> [[gnu::always_inline]] constexpr V sigmoid(const V& x) { return V(1) / (V(1) + exp(-x)); }

}  // namespace taut::simd
