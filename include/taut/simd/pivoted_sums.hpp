// SPDX-License-Identifier: Apache-2.0
//
// Sums about a pivot p near the mean, for numbers that come a few registers at a time and are seen once: of d = x - p
// and of d^2, lane by lane. With e the mean of d, the mean is p + e, the variance the mean of d^2 less e^2: without a
// pivot that cancels where the mean is large, about one it does as far as e^2 is large beside the variance. Example:
//   pivoted_sums<native> about;
//   about.begin(first_registers, lanes);  about.add(first_registers, keep_all);  about.add(more_registers, keep_all);
#pragma once

#include <cstddef>
#include <taut/simd/lane.hpp>
#include <taut/simd/matvec.hpp>
#include <taut/simd/piece.hpp>

namespace taut::simd {

/// The sums of x - pivot and of (x - pivot)^2 in each lane.
template <float_lane V> struct pivoted_sums {
  float pivot = 0;
  V sum = V(0.0f), squares = V(0.0f);

  /// Begins anew, about the mean of the first `used` lanes of some registers: close to the mean of all that is added,
  /// if these are a fair sample of it.
  template <std::size_t N> [[gnu::always_inline]] constexpr void begin(const V (&x)[N], std::size_t used) {
    const V total = added<N>([&](auto i) __attribute__((always_inline)) { return x[i]; });
    const auto count = static_cast<float>(N * used);
    pivot = as_written(simd::sum(used < width<V> ? select_first(total, used) : total) / count);
    sum = squares = V(0.0f);
  }
  /// Adds those lanes of some registers that `kept`, which works on sums of them, keeps.
  template <std::size_t N, class Kept> [[gnu::always_inline]] constexpr void add(const V (&x)[N], Kept&& kept) {
    const V middle = broadcast<V>(pivot);
    V d[N];
    repeat<N>([&](auto i) __attribute__((always_inline)) { d[i] = x[i] - middle; });
    V square[2]{V(0.0f), V(0.0f)};
    repeat<N>([&](auto i) __attribute__((always_inline)) {
      square[i % 2] = i < 2 ? d[i] * d[i] : multiply_add(d[i], d[i], square[i % 2]);
    });
    sum = sum + kept(added<N>([&](auto i) __attribute__((always_inline)) { return d[i]; }));
    squares = squares + kept(square[0] + square[1]);
  }
  /// How many additions a number goes through, at most, when n times N registers are added.
  template <std::size_t N> static constexpr std::size_t longest(std::size_t n) { return n + (N + 1) / 2 + 1; }

 private:
  template <std::size_t N, class F> [[gnu::always_inline]] static constexpr void repeat(F&& f) {
    detail::repeat<N, detail::in_register<V> || width<V> == 1>(f);
  }
  // The sum of f(0), ..., f(N - 1), in two chains.
  template <std::size_t N, class F> [[gnu::always_inline]] static constexpr V added(F&& f) {
    V chain[2]{V(0.0f), V(0.0f)};
    repeat<N>([&](auto i) __attribute__((always_inline)) { chain[i % 2] = i < 2 ? f(i) : chain[i % 2] + f(i); });
    return chain[0] + chain[1];
  }
};

}  // namespace taut::simd
