// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <concepts>
#include <cstddef>
#include <limits>
#include <taut/base/meta.hpp>
#include <taut/simd/piece.hpp>

#include "support/catch.hpp"

namespace taut::simd {
namespace {

constexpr float nan = std::numeric_limits<float>::quiet_NaN();

static_assert(width<resized<portable<16>, 4>> == 4 && std::same_as<resized<float, 8>, float>);
static_assert(first_of(2.5f) == 2.5f && sum_everywhere(2.5f) == 2.5f);
static_assert(std::same_as<resized<native, width<native>>, native>);

// 1, 2, ..., with NaN behind.
template <std::size_t Count> struct numbers {
  float at[Count + 16];
  constexpr numbers() {
    for (std::size_t i = 0; i < Count + 16; ++i) at[i] = i < Count ? static_cast<float>(i + 1) : nan;
  }
};

template <class V> constexpr std::array<float, width<V>> floats_of(const V& v) {
  std::array<float, width<V>> r{};
  store(v, r.data());
  return r;
}

// Numbers whose sums depend on the order.
template <class U> constexpr U spread(const U& v) { return U(1) / (v * v * v); }

// Of registers of U floats: blocks of 4, 8, 16 in V, what is first, and halves, each against its definition.
template <class V, class U> constexpr std::size_t wrong() {
  constexpr std::size_t lanes = width<U>, wide = width<V>;
  std::size_t count = 0;
  const numbers<2 * lanes> from;
  const U v = load<U>(from.at), w = load<U>(from.at + lanes);
  const registers<U, 2> both{v, w};
  base::for_each_index<3>([&]<std::size_t C>() {
    constexpr std::size_t columns = std::size_t{4} << C;
    if constexpr (columns <= lanes && columns <= wide)
      base::for_each_index<2 * lanes / columns>([&]<std::size_t B>() {
        using block = std::integral_constant<std::size_t, B>;
        const auto a = floats_of(columns_of<V, columns, 2 * lanes>(both, block{}));
        const float* const p = from.at;
        const auto b = floats_of(columns_of<V, columns, 2 * lanes>(p, block{}));
        const auto c = floats_of(columns_of<V, columns, 2 * lanes>(p, B));
        for (std::size_t i = 0; i < wide; ++i)
          count += (a[i] != from.at[B * columns + i % columns]) + (b[i] != a[i]) + (c[i] != a[i]);
        const auto d = floats_of(columns_of<V, columns, B * columns + 3>(p, block{}));  // three columns are left
        for (std::size_t i = 0; i < wide; ++i) count += d[i] != (i % columns < 3 ? a[i] : 0.0f);
      });
  });
  base::for_each_index<lanes>([&]<std::size_t I>() {
    constexpr std::size_t n = I + 1;
    const numbers<n> some;
    const auto first = floats_of(load_first<U, n>(some.at));
    for (std::size_t i = 0; i < lanes; ++i) count += first[i] != (i < n ? some.at[i] : 0.0f);
    base::for_each_index<lanes - I>([&]<std::size_t Before>() {
      const auto inside = floats_of(load_inside<U, Before, n>(some.at));
      for (std::size_t i = 0; i < lanes; ++i)
        count += inside[i] != (i >= Before && i < Before + n ? some.at[i - Before] : 0.0f);
    });
    std::array<float, lanes + 1> to{};
    store_first<n>(w, to.data());
    for (std::size_t i = 0; i < lanes + 1; ++i) count += to[i] != (i < n ? from.at[lanes + i] : 0.0f);
  });
  const auto turned = floats_of(columns_first(v));
  for (std::size_t i = 0; i < lanes; ++i) count += turned[i] != from.at[i % (lanes / 4) * 4 + i / (lanes / 4)];
  base::for_each_index<4>([&]<std::size_t C>() {
    const auto column = floats_of(column_of_fours<C>(v));
    for (std::size_t i = 0; i < lanes; ++i) count += column[i] != from.at[i / 4 * 4 + C];
  });
  count += first_of(v) != 1;
  for (int k = 0; k < 8; ++k) {
    const U u = spread(v + U(static_cast<float>(k)));
    for (const float s : floats_of(sum_everywhere(u))) count += s != sum(u);
  }
  if constexpr (lanes > 8) {
    const auto quarters = floats_of(quarters_added(spread(v)));
    const auto halves = floats_of(halves_added(halves_added(spread(v))));
    for (std::size_t i = 0; i < lanes / 4; ++i) count += quarters[i] != halves[i];
  }
  if constexpr (lanes > 4) {
    constexpr std::size_t half = lanes / 2;
    const auto halves = floats_of(halves_added(v)), fours = floats_of(fours_added(v));
    for (std::size_t i = 0; i < half; ++i) {
      count += halves[i] != from.at[i] + from.at[i + half];
      count += fours[i] != from.at[i / 4 * 8 + i % 4] + from.at[i / 4 * 8 + 4 + i % 4];
    }
  }
  return count;
}

static_assert(wrong<portable<16>, portable<4>>() == 0 && wrong<portable<4>, portable<16>>() == 0);
static_assert(wrong<portable<8>, portable<8>>() == 0 && wrong<portable<16>, portable<16>>() == 0);

// The widest lane and the narrower ones beside it; a template, so that those the target lacks are not compiled.
template <class Widest> void check_registers() {
  if constexpr (width<Widest> >= 4) {
    using four = resized<Widest, 4>;
    CHECK(wrong<four, four>() == 0);
    CHECK(wrong<Widest, four>() == 0);
    CHECK(wrong<four, Widest>() == 0);
    CHECK(wrong<Widest, Widest>() == 0);
  }
  if constexpr (width<Widest> >= 8) {
    using four = resized<Widest, 4>;
    using eight = resized<Widest, 8>;
    CHECK(wrong<eight, eight>() == 0);
    CHECK(wrong<Widest, eight>() == 0);
    CHECK(wrong<eight, Widest>() == 0);
    CHECK(wrong<eight, four>() == 0);
    CHECK(wrong<four, eight>() == 0);
  }
}

}  // namespace

TEST_CASE("simd.piece: registers are cut, repeated and halved as portable lanes are") { check_registers<native>(); }

}  // namespace taut::simd
