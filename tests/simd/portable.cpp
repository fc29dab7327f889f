// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <taut/simd/portable.hpp>

#include "support/catch.hpp"

namespace taut::simd {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float nan = std::numeric_limits<float>::quiet_NaN();

template <std::size_t Width> constexpr portable<Width> ascending(float first) {
  portable<Width> r;
  for (std::size_t i = 0; i < Width; ++i) r.at[i] = first + static_cast<float>(i);
  return r;
}

// Just below and just above the midpoint of two neighbours, the lower one odd: only the part of the product that does
// not fit the double sum decides.
constexpr float odd = 0x1.000002p0f, next = 0x1.000004p0f;
constexpr float below_half = 0x1.fffffcp-25f, above_half = 0x1.000002p-24f, almost_one = 0x1.fffffcp-1f;
static_assert(static_cast<float>(static_cast<double>(odd) * below_half + odd) == next);  // rounded twice: wrong
static_assert(fma(odd, below_half, odd) == odd);
static_assert(fma(odd, below_half, -odd) == -odd);
static_assert(fma(almost_one, above_half, odd) == odd);
static_assert(fma(-almost_one, above_half, -odd) == -odd);
// Exact midpoints go to the even neighbour.
static_assert(fma(0x1p-24f, 1.0f, odd) == next && fma(0x1p-24f, 1.0f, 1.0f) == 1.0f);
// Subnormal results, zeros, infinity.
static_assert(fma(0x1p-75f, 0x1p-75f, 0.0f) == 0.0f && fma(0x1.000002p-75f, 0x1p-75f, 0.0f) == 0x1p-149f);
static_assert(fma(0x1p-75f, 0x1p-75f, 0x1p-149f) == 0x1p-148f);
static_assert(fma(0x1p-75f, 0x1.fffffep-76f, 0x1p-149f) == 0x1p-149f);
static_assert(fma(0x1.fffffcp-76f, 0x1.000002p-75f, 0x1.fffffcp-127f) == 0x1.fffffcp-127f);  // just below half a unit
static_assert(std::bit_cast<std::uint32_t>(fma(-1.0f, 0.0f, -0.0f)) == 0x80000000u);
static_assert(fma(0x1p127f, 1.0f, 0x1.fffffcp126f) == 0x1.fffffep127f &&
              fma(0x1p127f, 1.0f, 0x1.fffffep126f) == infinity);

static_assert(sqrt(2.0f) == 0x1.6a09e6p0f && sqrt(0x1p-149f) == 0x1.6a09e6p-75f &&
              sqrt(0x1.fffffep127f) == 0x1.fffffep63f);
static_assert(sqrt(4.0) == 2.0 && sqrt(0x1p-1074) == 0x1p-537 && sqrt(0.0f) == 0.0f && sqrt(infinity) == infinity);
static_assert(reciprocal_sqrt(4.0f) == 0.5f && reciprocal_sqrt(portable<4>(0.25f)).at[3] == 2.0f);

// A NaN that comes first survives max and min, one that comes second does not; likewise the sign of zero.
static_assert(max(nan, 0.0f) != max(nan, 0.0f) && max(0.0f, nan) == 0.0f && min(0.0f, nan) == 0.0f);
static_assert(std::bit_cast<std::uint32_t>(max(-0.0f, 0.0f)) == 0x80000000u);
static_assert(std::bit_cast<std::uint32_t>(abs(-0.0f)) == 0 && abs(-3.0) == 3.0);
static_assert(!less(nan, 1.0f) && !less(1.0f, nan) && less(1.0f, 2.0f) && select(true, 1.0f, nan) == 1.0f);
static_assert(power_of_two(integer_shift - 126) == 0x1p-126f && power_of_two(integer_shift + 127) == 0x1p127f);
static_assert(inverse_root_power(0.5f) == 1 && inverse_root_power(0x1.fffffep0f) == 1);
static_assert(inverse_root_power(2.0f) == 0.5f && inverse_root_power(0x1p-126f) == 0x1p63f);
static_assert(inverse_root_power(portable<4>(0x1.8p127f)).at[3] == 0x1p-64f);

static_assert(width<float> == 1 && width<double> == 1 && width<portable<8>> == 8);
static_assert(block_columns<float> == 1 && block_columns<portable<2>> == 1 && block_columns<portable<4>> == 4);
static_assert(number<portable<2>>(0.1).at[1] == 0.1f && number<double>(0.1) == 0.1);
static_assert(sum(ascending<16>(1)) == 136 && sum(select_first(ascending<8>(1), 3)) == 6 && sum(3.0) == 3.0);
static_assert(sum(select_first(portable<4>(nan), 0)) == 0 && select_first(nan, 0) == 0);
static_assert(evens(ascending<8>(0), ascending<8>(100)).at[3] == 6 &&
              evens(ascending<8>(0), ascending<8>(100)).at[4] == 100);
static_assert(odds(ascending<8>(0), ascending<8>(100)).at[7] == 107 &&
              odds(ascending<1>(0), ascending<1>(100)).at[0] == 100);
static_assert(add_pairs(ascending<8>(0), ascending<8>(100)).at[5] == 13 &&
              add_pairs(ascending<8>(0), ascending<8>(100)).at[6] == 209);
static_assert((2.0f * ascending<4>(1) - 1).at[3] == 7 && (-ascending<2>(1) / 2).at[1] == -1);

template <class V> constexpr float dot(const float* x, const float* y) { return sum(load<V>(x) * load<V>(y)); }
constexpr std::array<float, 8> eight{1, 2, 3, 4, 5, 6, 7, 8};
static_assert(dot<portable<8>>(eight.data(), eight.data()) == 204 && dot<float>(eight.data(), eight.data()) == 1);
static_assert(broadcast_block<portable<8>>(eight.data() + 1).at[6] == 4 &&
              broadcast_block<portable<2>>(eight.data() + 1).at[1] == 2);

}  // namespace

TEST_CASE("simd.portable: fma in software is correctly rounded") {
  std::mt19937 random(1);
  std::size_t wrong = 0, twice = 0;
  const auto check = [&](float a, float b, float c) {
    const double product = static_cast<double>(a) * b, sum = product + c;
#if defined(__wasm__)  // without other modes of rounding, its C library rounds twice; long double has 113 bits
    const float exact = static_cast<float>(static_cast<long double>(a) * b + c);
#else
    const float exact = std::fma(a, b, c);
#endif
    const float ours = detail::fused(product, c, sum);
    const bool same = std::isnan(exact) ? std::isnan(ours)
                                        : std::bit_cast<std::uint32_t>(exact) == std::bit_cast<std::uint32_t>(ours);
    wrong += !same;
    twice += !std::isnan(exact) && static_cast<float>(sum) != exact;
  };
  for (int i = 0; i < 400000; ++i)
    check(std::bit_cast<float>(static_cast<std::uint32_t>(random())),
          std::bit_cast<float>(static_cast<std::uint32_t>(random())),
          std::bit_cast<float>(static_cast<std::uint32_t>(random())));
  // Products near half a unit in the last place of c: the hard cases.
  for (int i = 0; i < 400000; ++i) {
    const float c = std::bit_cast<float>(0x3f800000u + static_cast<std::uint32_t>(random() % 0x800000u));
    const float a = 1 + 0x1p-23f * static_cast<float>(random() % 4),
                b = 0x1p-24f * (1 + 0x1p-23f * static_cast<float>(static_cast<int>(random() % 8) - 4));
    const float scale = std::ldexp(1.0f, static_cast<int>(random() % 200) - 100);
    check(random() % 2 ? a : -a, b * scale, c * scale);
  }
  // Subnormal results.
  for (int i = 0; i < 400000; ++i)
    check(std::ldexp(static_cast<float>(random() % 0x1000000), -99),
          std::ldexp(static_cast<float>(random() % 0x1000000), -98),
          std::bit_cast<float>(static_cast<std::uint32_t>(random() % 0x1000000)));
  CHECK(wrong == 0);
  CHECK(twice > 1000);  // the sample holds cases that rounding twice gets wrong
  CHECK(fma(odd, below_half, odd) == odd);
}

TEST_CASE("simd.portable: the square root of constant expressions is correctly rounded for float, 1 ulp for double") {
  std::size_t wrong = 0;
  double worst = 0;
  for (std::uint32_t bits = 1; bits < 0x7f800000u; bits += 1009) {
    const float x = std::bit_cast<float>(bits);
    wrong += static_cast<float>(detail::newton_sqrt(x)) != std::sqrt(x);
    const double y = std::ldexp(static_cast<double>(x) + 0x1p-30 * x, 500), root = std::sqrt(y);
    worst = std::max(worst, std::abs(detail::newton_sqrt(y) - root) / (std::nextafter(root, 1e300) - root));
  }
  CHECK(wrong == 0);
  CHECK(worst <= 1);
}

TEST_CASE("simd.portable: reciprocal_sqrt is within 1.5 ulp") {
  double worst = 0;
  for (std::uint32_t bits = 0x3f800000u; bits < 0x40800000u; bits += 31) {
    const float x = std::bit_cast<float>(bits), y = reciprocal_sqrt(x);
    const double exact = 1 / std::sqrt(static_cast<double>(x)), unit = x <= 1 ? 0x1p-23 : 0x1p-24;
    worst = std::max(worst, std::abs(y - exact) / unit);
  }
  CHECK(worst < 1.5);
  CHECK(std::isfinite(reciprocal_sqrt(0x1p-149f)));
}

TEST_CASE("simd.portable: run time and constant expressions agree") {
  constexpr auto formula = [](float a, float b) {
    const portable<4> x = ascending<4>(a), y = ascending<4>(b) * 0.1f;
    return sum(sqrt(abs(x * y - multiply_add(y, x, 0.3f) / fma(x, 0.7f, y))) + max(x, y) * y);
  };
  constexpr float at_compile_time = formula(0.7f, 1.3f);
  volatile float a = 0.7f, b = 1.3f;
  CHECK(formula(a, b) == at_compile_time);
}

}  // namespace taut::simd
