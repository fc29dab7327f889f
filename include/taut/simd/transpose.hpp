// SPDX-License-Identifier: Apache-2.0
//
// Samples into lanes and back: rows[sample][feature] in memory against x[feature], a register whose lanes are samples.
// Four features at a time: a register is put together from 4 floats of each of its samples i, i + 4, i + 8, ..., and
// four of those are transposed within groups of four lanes. Example:
//   samples_to_lanes(rows, 10, 16, x);         // 16 samples of 10 floats to the registers x[0], ..., x[9]
#pragma once

#include <cstddef>
#include <taut/simd/lane.hpp>
#include <taut/simd/portable.hpp>
#include <utility>

namespace taut::simd {

namespace detail {

// a and b interleaved within groups of four lanes: Unit = 1: a0 b0 a1 b1 (Half 0), a2 b2 a3 b3 (Half 1); Unit = 2:
// a0 a1 b0 b1, a2 a3 b2 b3.
template <std::size_t Width> constexpr std::size_t interleaved(std::size_t unit, std::size_t half, std::size_t lane) {
  const std::size_t in = lane % 4, from_b = in / unit % 2;
  return lane / 4 * 4 + half * 2 + (unit == 1 ? in / 2 : in % 2) + from_b * Width;
}
template <std::size_t Unit, std::size_t Half, class V>
[[gnu::always_inline]] constexpr V interleave(const V& a, const V& b) {
  if constexpr (requires { a.at; }) {
    V r;
    for (std::size_t l = 0; l < V::width; ++l) {
      const std::size_t from = interleaved<V::width>(Unit, Half, l);
      r.at[l] = from < V::width ? a.at[from] : b.at[from - V::width];
    }
    return r;
  } else {
    return [&]<std::size_t... L>(std::index_sequence<L...>) __attribute__((always_inline)) {
      return V(__builtin_shufflevector(a.raw(), b.raw(), interleaved<V::width>(Unit, Half, L)...));
    }(std::make_index_sequence<V::width>{});
  }
}
// q[i], lanes 4 g + c  ->  q[c], lanes 4 g + i.
template <class V> [[gnu::always_inline]] constexpr void transpose_quads(V (&q)[4]) {
  const V a = interleave<1, 0>(q[0], q[1]), b = interleave<1, 0>(q[2], q[3]);
  const V c = interleave<1, 1>(q[0], q[1]), d = interleave<1, 1>(q[2], q[3]);
  q[0] = interleave<2, 0>(a, b), q[1] = interleave<2, 1>(a, b);
  q[2] = interleave<2, 0>(c, d), q[3] = interleave<2, 1>(c, d);
}

using quad [[gnu::vector_size(16)]] = float;

template <std::size_t Width, class F> [[gnu::always_inline]] inline auto joined_quads(F&& quad_of) {
  if constexpr (Width == 4) {
    return quad_of(0);
  } else {
    const auto low = joined_quads<Width / 2>(quad_of);
    const auto high =
        joined_quads<Width / 2>([&](std::size_t g) __attribute__((always_inline)) { return quad_of(g + Width / 8); });
    return [&]<std::size_t... L>(std::index_sequence<L...>) __attribute__((always_inline)) {
      return __builtin_shufflevector(low, high, L...);
    }(std::make_index_sequence<Width>{});
  }
}

// The 4 floats at p + (4 g + i) pitch in lanes 4 g, ..., 4 g + 3; samples beyond the last one repeat it.
template <class V>
[[gnu::always_inline]] constexpr V load_quads(const float* p, std::size_t pitch, std::size_t i, std::size_t last) {
  const auto at = [&](std::size_t g) __attribute__((always_inline)) {
    const std::size_t sample = 4 * g + i;
    return p + (sample < last ? sample : last) * pitch;
  };
  if constexpr (requires(V v) { v.at; }) {
    V r;
    for (std::size_t l = 0; l < V::width; ++l) r.at[l] = at(l / 4)[l % 4];
    return r;
  } else {
    return V(joined_quads<V::width>([&](std::size_t g) __attribute__((always_inline)) {
      quad q;
      __builtin_memcpy(&q, at(g), sizeof q);
      return q;
    }));
  }
}
// Lanes 4 g, ..., 4 g + 3 to p + (4 g + i) pitch, for samples below `samples`.
template <class V> [[gnu::always_inline]] constexpr void store_quads(const V& v, float* p, std::size_t pitch,
                                                                     std::size_t i, std::size_t samples) {
  if constexpr (requires { v.at; }) {
    for (std::size_t l = 0; l < V::width; ++l)
      if (l / 4 * 4 + i < samples) p[(l / 4 * 4 + i) * pitch + l % 4] = v.at[l];
  } else {
    [&]<std::size_t... G>(std::index_sequence<G...>) __attribute__((always_inline)) {
      (
          [&]() __attribute__((always_inline)) {
            if (4 * G + i >= samples) return;
            const auto all = v.raw();
            const quad q = __builtin_shufflevector(all, all, 4 * G, 4 * G + 1, 4 * G + 2, 4 * G + 3);
            __builtin_memcpy(p + (4 * G + i) * pitch, &q, sizeof q);
          }(),
          ...);
    }(std::make_index_sequence<V::width / 4>{});
  }
}

}  // namespace detail

/// x[feature], lane s = rows[s * features + feature] for the first `samples` lanes; the others repeat the last sample.
/// Reads nothing but those samples. @pre 1 <= samples <= width<V>
template <float_lane V>
constexpr void samples_to_lanes(const float* rows, std::size_t features, std::size_t samples, V* x) {
  constexpr std::size_t width = simd::width<V>;
  if (width < 4 || features < 4) {
    for (std::size_t f = 0; f < features; ++f) {
      float line[width]{};
      for (std::size_t s = 0; s < width; ++s) line[s] = rows[(s < samples ? s : samples - 1) * features + f];
      x[f] = load<V>(line);
    }
  } else if constexpr (width >= 4) {
    for (std::size_t next = 0; next < features; next += 4) {
      const std::size_t f = next + 4 <= features ? next : features - 4;
      V q[4];
#pragma GCC unroll 4
      for (std::size_t i = 0; i < 4; ++i) q[i] = detail::load_quads<V>(rows + f, features, i, samples - 1);
      detail::transpose_quads(q);
#pragma GCC unroll 4
      for (std::size_t i = 0; i < 4; ++i) x[f + i] = q[i];
    }
  }
}

/// rows[s * features + feature] = lane s of y[feature] for the first `samples` lanes, and writes nothing else.
template <float_lane V>
constexpr void lanes_to_samples(const V* y, std::size_t features, std::size_t samples, float* rows) {
  constexpr std::size_t width = simd::width<V>;
  if (width < 4 || features < 4) {
    for (std::size_t f = 0; f < features; ++f) {
      float line[width]{};
      store(y[f], line);
      for (std::size_t s = 0; s < samples; ++s) rows[s * features + f] = line[s];
    }
  } else if constexpr (width >= 4) {
    for (std::size_t next = 0; next < features; next += 4) {
      const std::size_t f = next + 4 <= features ? next : features - 4;
      V q[4]{y[f], y[f + 1], y[f + 2], y[f + 3]};
      detail::transpose_quads(q);
#pragma GCC unroll 4
      for (std::size_t i = 0; i < 4; ++i) detail::store_quads(q[i], rows + f, features, i, samples);
    }
  }
}

}  // namespace taut::simd
