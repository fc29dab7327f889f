// SPDX-License-Identifier: Apache-2.0
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <taut/simd/soft_root.hpp>

#include "support/catch.hpp"

using taut::simd::detail::soft_root;

static_assert(soft_root(2.0f) == 0x1.6a09e6p0f && soft_root(0x1p-149f) == 0x1.6a09e6p-75f);
static_assert(soft_root(std::numeric_limits<float>::infinity()) == std::numeric_limits<float>::infinity());

TEST_CASE("simd.soft_root: it is the processor's root, bit for bit") {
  const auto differs = [](std::uint32_t bits) {
    const auto x = std::bit_cast<float>(bits);
    const float soft = soft_root(x), wanted = std::sqrt(x);
    if (std::isnan(wanted)) return !std::isnan(soft);
    return std::bit_cast<std::uint32_t>(soft) != std::bit_cast<std::uint32_t>(wanted);
  };
  std::size_t wrong = 0;
  for (std::uint32_t bits = 0; bits < 0x7fffe000u; bits += 1021) wrong += differs(bits) ? 1 : 0;
  for (std::uint32_t bits = 0; bits < 4000; ++bits)  // around zero, one (both parities of the exponent), infinity
    for (const std::uint32_t from : {0u, 0x3f000000u - 2000, 0x3f800000u - 2000, 0x40000000u - 2000, 0x7f800000u - 2000,
                                     0x80000000u, 0x00800000u - 2000})
      wrong += differs(from + bits) ? 1 : 0;
  CHECK(wrong == 0);
}
