// SPDX-License-Identifier: Apache-2.0
//
// The square root of processors without one: correctly rounded, in integers, so that firmware needs no library for it
// and gives the bits of every other machine. About 200 instructions. Example:
//   static_assert(detail::soft_root(2.0f) == 0x1.6a09e6p0f);
#pragma once

#include <cstdint>
#include <limits>

namespace taut::simd {

/// True when the target has an instruction for the square root of a float.
inline constexpr bool target_has_roots =
#if defined(__SOFTFP__) || (defined(__riscv) && !defined(__riscv_flen))
    false;
#else
    true;
#endif

namespace detail {

/// sqrt(x), rounded to nearest. With x = m 2^e, m in [2^46, 2^48) and e even, the digits of floor(sqrt(m)), 24 of them,
/// are found one by one; sqrt(m) is no midpoint between integers, so it is rounded up iff m - root^2 > root.
constexpr float soft_root(float x) {
  std::uint32_t bits = __builtin_bit_cast(std::uint32_t, x);
  if (bits == 0 || bits == 0x80000000u || bits >= 0x7f800000u)  // zeros keep their signs
    return bits << 1 == 0 || bits == 0x7f800000u ? x : std::numeric_limits<float>::quiet_NaN();
  std::int32_t exponent = static_cast<std::int32_t>(bits >> 23);
  bits &= 0x7fffffu;
  if (exponent == 0) {
    while (bits < 0x800000u) bits <<= 1, --exponent;
    ++exponent;
  } else {
    bits |= 0x800000u;
  }
  exponent -= 127;
  std::uint32_t left = bits << (exponent & 1 ? 1 : 0);  // x = left 2^-23 2^exponent, exponent even
  exponent >>= 1;
  std::uint32_t root = 0, rest = 0;  // two digits of left 2^23 a step, from the top
  left <<= 7;
  for (int step = 0; step < 24; ++step) {
    rest = rest << 2 | left >> 30;
    left <<= 2;
    const std::uint32_t trial = root << 2 | 1;
    root <<= 1;
    if (rest >= trial) rest -= trial, root |= 1;
  }
  if (rest > root) ++root;  // never to 2^24
  return __builtin_bit_cast(float, (root & 0x7fffffu) | static_cast<std::uint32_t>(exponent + 127) << 23);
}

}  // namespace detail

}  // namespace taut::simd
