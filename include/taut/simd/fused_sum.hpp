// SPDX-License-Identifier: Apache-2.0
// a * b + c of floats rounded once, in plain arithmetic that constant expressions have, too: the product of two floats is
// exact in double. What `fma` and `multiply_add` (simd/portable.hpp) mean where the target does not fuse or the compiler
// computes. Example: detail::fused(double{a} * b, c, double{a} * b + c)
#pragma once
#include <cstdint>
#include <limits>

namespace taut::simd::detail {

constexpr std::uint32_t bits(float x) { return __builtin_bit_cast(std::uint32_t, x); }
constexpr std::uint64_t bits(double x) { return __builtin_bit_cast(std::uint64_t, x); }

// The sum of an exact product and c, rounded once to float. Rounding twice (to double, then to float) is wrong only
// when the double lies on a midpoint of two floats or the result is subnormal; then the double is first rounded to odd
// with the exact error of the sum (Knuth's TwoSum), after which the second rounding is right [Boldo, Melquiond 2008].
constexpr float round_odd_sum(double product, double c, double sum) {
  const double part = sum - product;
  const double error = (product - (sum - part)) + (c - part);
  if (error == error && error != 0 && (bits(sum) & 1) == 0)
    sum = __builtin_bit_cast(double, bits(sum) + ((error > 0) == (sum > 0) ? std::uint64_t{1} : ~std::uint64_t{0}));
  constexpr double overflow = 0x1.ffffffp127;  // the midpoint of the largest float and 2^128
  if (sum >= overflow) return std::numeric_limits<float>::infinity();
  if (sum <= -overflow) return -std::numeric_limits<float>::infinity();
  return static_cast<float>(sum);
}

// Few statements and calls, because clang counts them and a network is some 10^5 of these.
constexpr float fused(double product, double c, double sum) {
  return sum == 0 || ((__builtin_bit_cast(std::uint64_t, sum) & 0x1fffffff) != 0x10000000 &&
                      (sum < 0 ? -sum : sum) >= 0x1p-126 && (sum < 0 ? -sum : sum) <= 0x1.fffffep127)
             ? static_cast<float>(sum)
             : round_odd_sum(product, c, sum);
}

}  // namespace taut::simd::detail
