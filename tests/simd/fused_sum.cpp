// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <taut/simd/fused_sum.hpp>

#include "support/bits.hpp"
#include "support/catch.hpp"

using taut::simd::detail::fused;

namespace {

constexpr float once(float a, float b, float c) {
  return fused(static_cast<double>(a) * b, c, static_cast<double>(a) * b + c);
}

}  // namespace

// (1 + 2^-23)^2 - 1 = 2^-22 + 2^-46 keeps its last bit only if the product is not rounded first.
static_assert(once(0x1.000002p0f, 0x1.000002p0f, -1) == 0x1.000001p-22f);
static_assert(once(0x1p127f, 2, 0) == std::numeric_limits<float>::infinity());

TEST_CASE("simd.fused_sum: a product and a sum are rounded once, as the library's fma does") {
  std::mt19937_64 random(3);
  std::uniform_int_distribution<std::uint32_t> word;
  std::size_t midpoints = 0;
  for (int i = 0; i < 200000; ++i) {
    const auto drawn = [&] { return __builtin_bit_cast(float, word(random)); };
    float a = drawn(), b = drawn(), c = drawn();
    if (i % 2 == 0) {  // products of 25 bits, midpoints of floats, and a c far below their last one
      a = static_cast<float>((word(random) >> 19) | 1), b = static_cast<float>((word(random) >> 20) | 1);
      c = std::ldexp(static_cast<float>(word(random) >> 8), -80) * (i % 4 == 0 ? 1.0f : -1.0f);
      const double product = static_cast<double>(a) * b;
      midpoints += (__builtin_bit_cast(std::uint64_t, product) & 0x1fffffff) == 0x10000000 ? 1 : 0;
    }
    const float expected = std::fma(a, b, c), got = once(a, b, c);
    if (std::isnan(expected)) CHECK(std::isnan(got));
    else REQUIRE(__builtin_bit_cast(std::uint32_t, got) == __builtin_bit_cast(std::uint32_t, expected));
  }
  CHECK(midpoints > 100);  // where rounding twice would be wrong
}
