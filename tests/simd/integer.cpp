// SPDX-License-Identifier: Apache-2.0
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <taut/simd/integer.hpp>

#include "support/catch.hpp"

using namespace taut::simd;

static_assert(nearest(2.5f) == 2 && nearest(3.5f) == 4 && nearest(-2.5f) == -2 && nearest(-0.5f) == 0);
static_assert(nearest(0x1.fffffep-2f) == 0 && nearest(0x1.000002p-1f) == 1 && nearest(1e-30f) == 0);
static_assert(nearest(0x1.fffffep30f) == 2147483520 && nearest(0x1p31f) == INT32_MAX && nearest(-0x1p31f) == INT32_MIN);
static_assert(nearest(std::numeric_limits<float>::infinity()) == INT32_MAX && nearest(-1e30f) == INT32_MIN);
static_assert(nearest(std::numeric_limits<float>::quiet_NaN()) == 0);
static_assert(clamped<-128>(-129) == -128 && clamped<-128>(128) == 127 && clamped<-128>(-7) == -7);
static_assert(clamped<0>(-1) == 0 && clamped<0>(1000) == 127 && clamped<0>(3) == 3);
// bytes 1, -1, 127, -128 from the lowest; halves 3 and 5, -7 and 11
static_assert(add_products(0x807fff01u, 0x00050003u, 0x000bfff9u, 100) == 100 + 3 + 127 * 5 + 7 - 128 * 11);

static_assert(shifted_left(-3, 4) == -48 && high_product(INT32_MIN, INT32_MIN) == 1 << 30 && high_product(-1, 1) == -1);
static_assert(add_square(INT32_MIN, 5) == (std::uint64_t{1} << 62) + 5);

TEST_CASE("simd.integer: upper halves of products, also of halves") {
  std::uint32_t state = 7;
  const auto next = [&state] {
    state = state * 1664525u + 1013904223u;
    return static_cast<std::int32_t>(state) >> (state >> 7) % 31;
  };
  std::size_t wrong = 0;
  const auto check = [&wrong](std::int32_t x, std::int32_t y) {
    const auto wanted = static_cast<std::int32_t>(static_cast<std::int64_t>(x) * y >> 32);
    wrong += high_product(x, y) == wanted && detail::high_product_of_halves(x, y) == wanted ? 0 : 1;
  };
  for (int i = 0; i < 100'000; ++i) check(next(), next());
  for (const std::int32_t x : {INT32_MIN, INT32_MAX, 0, -1, 0xffff, -0x10000})
    for (const std::int32_t y : {INT32_MIN, INT32_MAX, 0, -1, 0xffff, -0x10000}) check(x, y);
  CHECK(wrong == 0);
}

TEST_CASE("simd.integer: nearest is the rounding of the processor, saturated") {
  std::size_t wrong = 0;
  for (std::uint32_t i = 0; i < 1'000'000; ++i) {
    const auto x = std::bit_cast<float>(i * 4295u);
    const double rounded = std::nearbyint(static_cast<double>(x));
    const double wanted = std::isnan(x) ? 0 : std::fmin(std::fmax(rounded, INT32_MIN), INT32_MAX);
    wrong += static_cast<double>(nearest(x)) == wanted ? 0 : 1;
    const auto half = static_cast<float>(static_cast<std::int32_t>(i) - 500'000) / 2;  // ties
    wrong += static_cast<double>(nearest(half)) == std::nearbyint(static_cast<double>(half)) ? 0 : 1;
  }
  CHECK(wrong == 0);
}
