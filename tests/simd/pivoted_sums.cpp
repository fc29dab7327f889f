// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <taut/simd/lane.hpp>
#include <taut/simd/pivoted_sums.hpp>
#include <utility>
#include <vector>

#include "support/catch.hpp"

namespace taut::simd {
namespace {

constexpr auto all = [](const auto& v) { return v; };

// In constant expressions: small integers, exact.
constexpr bool by_hand() {
  using V = portable<4>;
  const std::array<float, 12> x{1, 2, 3, 90, 3, 4, 5, 90, 5, 6, 7, 90};
  const V first[2]{load<V>(x.data()), load<V>(x.data() + 4)}, more[1]{load<V>(x.data() + 8)};
  pivoted_sums<V> about;
  about.begin(first, 3);
  if (about.pivot != 3) return false;  // of 1, ..., 5, with 3 twice
  about.add(first, [](const V& v) { return select_first(v, 3); });
  about.add(more, [](const V& v) { return select_first(v, 2); });
  if (sum(about.sum) != 5 || sum(about.squares) != 10 + 13) return false;
  about.begin(more, 3);  // forgets the others
  return about.pivot == 6 && sum(about.sum) == 0 && sum(about.squares) == 0;
}
static_assert(by_hand());

static_assert(pivoted_sums<portable<4>>::longest<8>(10) == 10 + 5 && pivoted_sums<portable<4>>::longest<1>(3) == 3 + 2);

template <std::size_t N, class V> pivoted_sums<V> sums_of(const std::vector<float>& x) {
  pivoted_sums<V> about;
  for (std::size_t i = 0; i < x.size(); i += N * width<V>) {
    V v[N];
    for (std::size_t k = 0; k < N; ++k) v[k] = load<V>(x.data() + i + k * width<V>);
    if (i == 0) about.begin(v, width<V>);
    about.add(v, all);
  }
  return about;
}

template <std::size_t N> void check_in_lanes() {
  constexpr std::size_t lanes = width<native>, tiles = 9;
  std::mt19937 random(N);
  std::normal_distribution<float> normal;
  for (const float offset : {0.0f, 1e3f, 1e5f, 1e7f}) {
    std::vector<float> x(tiles * N * lanes);
    for (float& v : x) v = normal(random) + offset;
    const auto about = sums_of<N, native>(x);
    const auto replay = sums_of<N, portable<lanes>>(x);
    CHECK(about.pivot == replay.pivot);
    for (const auto& [mine, theirs] : {std::pair{about.sum, replay.sum}, std::pair{about.squares, replay.squares}}) {
      std::array<float, lanes> a, b;
      store(mine, a.data());
      store(theirs, b.data());
      CHECK(a == b);
    }
    // against double, within what `longest` states and the two roundings of d and d^2
    double exact = 0, magnitudes = 0, squares = 0;
    for (const float v : x) {
      const double d = static_cast<double>(v) - static_cast<double>(about.pivot);
      exact += d, magnitudes += std::abs(d), squares += d * d;
    }
    const auto units = static_cast<double>(pivoted_sums<native>::longest<N>(tiles) + 4 + 3) * 0x1p-24;
    INFO(N << " registers, offset " << offset);
    CHECK(std::abs(static_cast<double>(sum(about.sum)) - exact) <= units * magnitudes);
    CHECK(std::abs(static_cast<double>(sum(about.squares)) - squares) <= units * squares);
    // and the mean of a ninth is near the mean: what the moments lose by the pivot is no more than a factor
    const double n = static_cast<double>(x.size()), e = exact / n;
    CHECK(e * e <= 8 * (squares / n - e * e));
  }
}
template <std::size_t... N> void check_all(std::index_sequence<N...>) { (check_in_lanes<N + 1>(), ...); }

}  // namespace

TEST_CASE("simd.pivoted_sums: native equals portable bit for bit, and both are as accurate about any mean") {
  check_all(std::index_sequence<0, 1, 2, 4, 7>{});
}

TEST_CASE("simd.pivoted_sums: what is not kept, and lanes that are not used, may be anything") {
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  using V = portable<4>;
  const V x[2]{load<V>(std::array{1.0f, 3.0f, nan, nan}.data()), load<V>(std::array{5.0f, 7.0f, nan, nan}.data())};
  pivoted_sums<V> about;
  about.begin(x, 2);
  about.add(x, [](const V& v) { return select_first(v, 2); });
  CHECK(about.pivot == 4);
  CHECK(sum(about.sum) == 0);
  CHECK(sum(about.squares) == 20);
  about.add(x, all);
  CHECK(std::isnan(sum(about.sum)));
  CHECK(std::isnan(sum(about.squares)));
}

}  // namespace taut::simd
