// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <taut/simd/lane.hpp>
#include <taut/simd/piece.hpp>

#include "support/catch.hpp"

namespace taut::simd {
namespace {

static_assert(float_lane<native> && float_lane<portable<width<native>>> && lane<double>);
#if defined(__AVX512F__)
static_assert(width<native> == 16 && register_count<native> == 32);
#elif defined(__AVX__)
static_assert(width<native> == 8 && register_count<native> == 16);
#elif defined(__SSE2__)
static_assert(width<native> == 4);
#endif

constexpr std::size_t size = width<native>;
struct floats {
  alignas(64) float at[size];
};

bool same(float a, float b) {
  return std::isnan(a) ? std::isnan(b) : std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b);
}

// f on vector<Width> and portable<Width>, over ordinary and special values; how many results differ in any bit.
template <std::size_t Width, class F> std::size_t differences_of(F f) {
  using vector = resized<native, Width>;
  using replay = portable<Width>;

  constexpr float special[]{0.0f,
                            -0.0f,
                            1.0f,
                            -1.0f,
                            0.5f,
                            -2.0f,
                            3e38f,
                            -3e38f,
                            0x1p-126f,
                            0x1p-149f,
                            -0x1p-140f,
                            1e-20f,
                            std::numeric_limits<float>::infinity(),
                            -std::numeric_limits<float>::infinity(),
                            std::numeric_limits<float>::quiet_NaN()};
  std::mt19937 random(7);
  std::normal_distribution<float> normal;
  std::size_t wrong = 0;
  for (int round = 0; round < 3000; ++round) {
    floats in[3], out[2];
    for (floats& v : in)
      for (float& x : v.at)
        x = round % 3 == 0   ? special[random() % std::size(special)]
            : round % 3 == 1 ? normal(random)
                             : std::bit_cast<float>(static_cast<std::uint32_t>(random()));
    const auto run = [&]<class V>(std::type_identity<V>, floats& to) {
      const auto y = f(load<V>(in[0].at), load_aligned<V>(in[1].at), load<V>(in[2].at));
      if constexpr (std::same_as<std::remove_const_t<decltype(y)>, float>) std::fill_n(to.at, Width, y);
      else store(y, to.at);
    };
    run(std::type_identity<vector>{}, out[0]);
    run(std::type_identity<replay>{}, out[1]);
    for (std::size_t i = 0; i < Width; ++i) wrong += !same(out[0].at[i], out[1].at[i]);
  }
  return wrong;
}

// The same for registers of every width.
template <class F> std::size_t differences(F f) {
  std::size_t wrong = differences_of<size>(f);
  if constexpr (size > 4) wrong += differences_of<4>(f);
  if constexpr (size > 8) wrong += differences_of<8>(f);
  return wrong;
}

}  // namespace

TEST_CASE("simd.lane: every word agrees with portable bit for bit") {
  CHECK(differences([](auto a, auto b, auto) { return a + b; }) == 0);
  CHECK(differences([](auto a, auto b, auto) { return a - b; }) == 0);
  CHECK(differences([](auto a, auto b, auto) { return a * b; }) == 0);
  CHECK(differences([](auto a, auto b, auto) { return a / b; }) == 0);
  CHECK(differences([](auto a, auto, auto) { return -a; }) == 0);
  CHECK(differences([](auto a, auto b, auto c) { return fma(a, b, c); }) == 0);
  CHECK(differences([](auto a, auto b, auto c) { return multiply_add(a, b, c); }) == 0);
  CHECK(differences([](auto a, auto b, auto) { return max(a, b); }) == 0);
  CHECK(differences([](auto a, auto b, auto) { return min(a, b); }) == 0);
  CHECK(differences([](auto a, auto, auto) { return abs(a); }) == 0);
  CHECK(differences([](auto a, auto, auto) { return sqrt(a); }) == 0);
  CHECK(differences([](auto a, auto, auto) { return reciprocal_sqrt(a); }) == 0);
  CHECK(differences([](auto a, auto, auto) { return inverse_root_power(abs(a)); }) == 0);
  CHECK(differences([](auto a, auto b, auto c) { return select(less(a, b), c, a); }) == 0);
  CHECK(differences([](auto a, auto, auto) { return sum(a); }) == 0);
  CHECK(differences([](auto a, auto, auto) { return as_written(a); }) == 0);
  if constexpr (width<native> >= 4) {
    CHECK(differences([](auto a, auto b, auto) { return add_pairs(a, b); }) == 0);
    CHECK(differences([](auto a, auto b, auto c) { return add_pairs(add_pairs(a, b), add_pairs(c, a)); }) == 0);
    CHECK(differences([](auto a, auto b, auto) { return evens(a, b); }) == 0);
    CHECK(differences([](auto a, auto b, auto) { return odds(a, b); }) == 0);
  }
  for (std::size_t n = 0; n <= size + 1; ++n)
    CHECK(differences([n](auto a, auto, auto) { return select_first(a, n); }) == 0);
}

TEST_CASE("simd.lane: formulas agree with portable bit for bit, with nothing contracted") {
  CHECK(differences([](auto a, auto b, auto c) { return a + b * c; }) == 0);
  CHECK(differences([](auto a, auto b, auto c) { return a * b - c * a; }) == 0);
  CHECK(differences([](auto a, auto b, auto) { return sum(a * b); }) == 0);
  CHECK(differences([](auto a, auto b, auto c) {
          auto s = a * 0.5f + 2.0f;
          s += b * c;
          s -= a * a;
          s *= c;
          s /= b;
          return sqrt(abs(s)) * a + max(s, 0.0f) * b;
        }) == 0);
}

TEST_CASE("simd.lane: memory and constants") {
  alignas(64) float from[2 * size + 4], to[2 * size];
  for (std::size_t i = 0; i < 2 * size + 4; ++i) from[i] = static_cast<float>(i + 1);
  std::fill_n(to, 2 * size, -1.0f);
  store(load<native>(from + 1), to + 1);  // unaligned
  CHECK(to[0] == -1);
  CHECK(to[1] == 2);
  CHECK(to[size] == static_cast<float>(size + 1));
  if constexpr (size > 1) CHECK(to[size + 1] == -1);
  store_aligned(broadcast_block<native>(from + 1), to);
  for (std::size_t i = 0; i < size; ++i) CHECK(to[i] == from[1 + i % block_columns<native>]);
  store(number<native>(0.1), to);
  for (std::size_t i = 0; i < size; ++i) CHECK(to[i] == 0.1f);
  for (int n = -126; n <= 127; ++n) {
    store(power_of_two(native(integer_shift + static_cast<float>(n))), to);
    for (std::size_t i = 0; i < size; ++i) REQUIRE(to[i] == std::ldexp(1.0f, n));
  }
}

TEST_CASE("simd.lane: fma is fused") {
  const float odd = 0x1.000002p0f, below_half = 0x1.fffffcp-25f;
  volatile float a = odd, b = below_half;
  alignas(64) float to[size];
  store(fma(native(a), native(b), native(a)), to);
  for (std::size_t i = 0; i < size; ++i) CHECK(to[i] == odd);
}

TEST_CASE("simd.lane: select_first kills NaN and infinity") {
  alignas(64) float to[size];
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    store(select_first(native(bad), 0), to);
    for (std::size_t i = 0; i < size; ++i) CHECK(to[i] == 0);
  }
}

}  // namespace taut::simd
