// SPDX-License-Identifier: Apache-2.0
//
// The words of integer kernels: rounding to integers that saturates, clamping, products of four bytes with four halves,
// halves of products.
// The only file with instructions of Cortex-M processors; elsewhere plain C++ gives the same integers. Example:
//   std::int32_t q = clamped<-128>(nearest(x * 127.0f));
#pragma once

#include <cstddef>
#include <cstdint>
#include <taut/simd/portable.hpp>
#include <type_traits>

#if defined(__ARM_FEATURE_MVE)
#include <arm_mve.h>
#endif

namespace taut::simd {

/// True when the target multiplies sixteen bytes at once (M-profile vector extension).
inline constexpr bool target_has_byte_vectors =
#if defined(__ARM_FEATURE_MVE)
    true;
#else
    false;
#endif

namespace detail {

// In integers, because each operation of a processor without floating point is a call: x = significand 2^exponent.
[[gnu::noinline]] constexpr std::int32_t soft_nearest(float x) {
  const auto bits = __builtin_bit_cast(std::uint32_t, x);
  const std::int32_t exponent = static_cast<std::int32_t>(bits >> 23 & 0xff) - 150;
  std::uint32_t n = (bits & 0x7fffff) | 0x800000;
  if (exponent < -25) return 0;
  if (exponent > 7) return exponent == 105 && n != 0x800000 ? 0 : bits >> 31 != 0 ? INT32_MIN : INT32_MAX;
  if (exponent >= 0) {
    n <<= exponent;
  } else {
    const std::uint32_t half = std::uint32_t{1} << (-exponent - 1), odd = n >> -exponent & 1;
    n = (n + half - 1 + odd) >> -exponent;
  }
  return static_cast<std::int32_t>(bits >> 31 != 0 ? 0 - n : n);
}

}  // namespace detail

/// The nearest integer, ties to even; beyond the integers the last one of them, 0 for NaN.
[[gnu::always_inline]] constexpr std::int32_t nearest(float x) {
#if defined(__ARM_FP) && defined(__thumb2__)
  if (!__builtin_is_constant_evaluated()) {
    float integer;
    asm("vcvtr.s32.f32 %0, %1" : "=t"(integer) : "t"(x));
    return __builtin_bit_cast(std::int32_t, integer);
  }
#endif
  return detail::soft_nearest(x);
}

/// x between Least, -128 or 0, and 127.
template <std::int32_t Least> [[gnu::always_inline]] constexpr std::int32_t clamped(std::int32_t x) {
  static_assert(Least == -128 || Least == 0);
#if defined(__ARM_FEATURE_SAT)
  if (!__builtin_is_constant_evaluated()) {
    std::int32_t y;
    if constexpr (Least == 0) asm("usat %0, #7, %1" : "=r"(y) : "r"(x));
    else asm("ssat %0, #8, %1" : "=r"(y) : "r"(x));
    return y;
  }
#endif
  return x < Least ? Least : x > 127 ? 127 : x;
}

/// sum + the products of the four bytes of w, lowest first, with the halves of `even` (bytes 0 and 2) and `odd` (1, 3).
[[gnu::always_inline]] constexpr std::int32_t add_products(std::uint32_t w, std::uint32_t even, std::uint32_t odd,
                                                           std::int32_t sum) {
#if defined(__ARM_FEATURE_DSP)
  if (!__builtin_is_constant_evaluated()) {
    std::uint32_t low, high;
    asm("sxtb16 %0, %1" : "=r"(low) : "r"(w));
    asm("sxtb16 %0, %1, ror #8" : "=r"(high) : "r"(w));
    asm("smlad %0, %1, %2, %0" : "+r"(sum) : "r"(low), "r"(even));
    asm("smlad %0, %1, %2, %0" : "+r"(sum) : "r"(high), "r"(odd));
    return sum;
  }
#endif
  const auto byte = [w](int i) { return static_cast<std::int32_t>(static_cast<std::int8_t>(w >> 8 * i)); };
  const auto half = [](std::uint32_t pair, int i) {
    return static_cast<std::int32_t>(static_cast<std::int16_t>(pair >> 16 * i));
  };
  return sum + byte(0) * half(even, 0) + byte(2) * half(even, 1) + byte(1) * half(odd, 0) + byte(3) * half(odd, 1);
}

/// x 2^bits. @pre that is below 2^31 in magnitude
[[gnu::always_inline]] constexpr std::int32_t shifted_left(std::int32_t x, int bits) {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(x) << bits);
}

namespace detail {

// For processors whose products have 32 bits: four products of halves.
[[gnu::noinline]] constexpr std::int32_t high_product_of_halves(std::int32_t x, std::int32_t y) {
  const std::int32_t low_x = x & 0xffff, low_y = y & 0xffff, high_x = x >> 16, high_y = y >> 16;
  const std::uint32_t low = static_cast<std::uint32_t>(low_x) * static_cast<std::uint32_t>(low_y);
  const std::int32_t middle = high_x * low_y + static_cast<std::int32_t>(low >> 16);
  const std::int32_t other = low_x * high_y + (middle & 0xffff);
  return high_x * high_y + (middle >> 16) + (other >> 16);
}

}  // namespace detail

/// The upper 32 bits of the 64 of x y: x y 2^-32, rounded down.
[[gnu::always_inline]] constexpr std::int32_t high_product(std::int32_t x, std::int32_t y) {
#if defined(__ARM_ARCH_6M__)
  return detail::high_product_of_halves(x, y);
#else
#if defined(__thumb2__)  // g++ 12 widens a factor that a loop shares to 64 bits, and multiplies three times
  if (!__builtin_is_constant_evaluated()) {
    std::int32_t high;
#if defined(__ARM_FEATURE_DSP)
    asm("smmul %0, %1, %2" : "=r"(high) : "r"(x), "r"(y));
#else
    std::int32_t low;
    asm("smull %0, %1, %2, %3" : "=&r"(low), "=&r"(high) : "r"(x), "r"(y));
#endif
    return high;
  }
#endif
  return static_cast<std::int32_t>(static_cast<std::int64_t>(x) * y >> 32);
#endif
}

/// sum + x^2.
[[gnu::always_inline]] constexpr std::uint64_t add_square(std::int32_t x, std::uint64_t sum) {
#if defined(__ARM_ARCH_6M__)
  const auto high = static_cast<std::uint32_t>(detail::high_product_of_halves(x, x));
  const std::uint32_t low = static_cast<std::uint32_t>(x) * static_cast<std::uint32_t>(x);
  return sum + (static_cast<std::uint64_t>(high) << 32 | low);
#else
  return sum + static_cast<std::uint64_t>(static_cast<std::int64_t>(x) * x);
#endif
}

}  // namespace taut::simd
