// SPDX-License-Identifier: Apache-2.0
//
// The convolution of a batch: samples are in the lanes, x[element] is a register of samples. A tile of output channels
// x positions stays in registers; each weight is one broadcast, read from the layout in which convolution.hpp packed
// it. Padded inputs are copied once, with zeros around them. Each output is the same chain of multiply_adds as there:
// bit for bit what one sample after the other gives. Example:
//   batch_convolution<native, convolution<native, S>, S>::apply(w, bias, x, y, [](native z) { return z; });
#pragma once

#include <algorithm>
#include <cstddef>
#include <taut/simd/convolution.hpp>

namespace taut::simd {

/// The convolution of shape S, whose weights Packed holds, with samples in lanes V.
template <float_lane V, class Packed, convolution_shape S> struct batch_convolution {
  /// y = f(the convolution of x) for a register of samples. @pre w and bias are packed; x has S.in_size() registers and
  /// y S.out_size(), apart from each other.
  template <class F> static constexpr void apply(const float* w, const float* bias, const V* x, V* y, const F& f) {
    if constexpr (padded) {
      V copy[S.in_channels * plane];
      spread(x, copy);
      all_groups(w, bias, copy, y, f);
    } else {
      all_groups(w, bias, x, y, f);
    }
  }

 private:
  static constexpr bool padded = S.padding_height > 0 || S.padding_width > 0;
  static constexpr std::size_t pitch = S.in_width + 2 * S.padding_width;
  static constexpr std::size_t plane = (S.in_height + 2 * S.padding_height) * pitch;
  static constexpr std::size_t positions = Packed::positions, outputs = Packed::outputs, inputs = Packed::inputs;

  // As many sums as the registers hold (32 of 16 floats, else 16) beside the operands; a tile's channels are packed
  // side by side, in one block of lines.
  static constexpr std::size_t sums = width<V> >= 16 ? 24 : 12;
  static constexpr std::size_t tile_channels = [] {
    std::size_t count = std::min<std::size_t>(Packed::block_lines, width<V> >= 16 ? 8 : 4);
    while (Packed::block_lines % count != 0) --count;
    return count;
  }();
  static constexpr std::size_t tile_positions = std::min<std::size_t>({sums / tile_channels, 8, positions});

  static constexpr void spread(const V* x, V* to) {
    for (std::size_t c = 0; c < S.in_channels; ++c)
      for (std::size_t row = 0; row < plane / pitch; ++row, to += pitch) {
        if (row < S.padding_height || row >= S.padding_height + S.in_height) {
          for (std::size_t j = 0; j < pitch; ++j) to[j] = V(0.0f);
          continue;
        }
        for (std::size_t j = 0; j < S.padding_width; ++j) to[j] = to[pitch - 1 - j] = V(0.0f);
        for (std::size_t j = 0; j < S.in_width; ++j) to[S.padding_width + j] = x[j];
        x += S.in_width;
      }
  }

  template <class F> static constexpr void all_groups(const float* w, const float* bias, const V* x, V* y, const F& f) {
#pragma GCC unroll 1
    for (std::size_t group = 0; group < S.groups; ++group) {
      const V* const in = x + group * inputs * plane;
      V* const out = y + group * outputs * positions;
      cover<tile_positions, positions>(
          [&]<class Positions>(std::size_t first, Positions) __attribute__((always_inline)) {
            cover<tile_channels, outputs>([&]<class Channels>(std::size_t co, Channels) __attribute__((always_inline)) {
              const auto at = Packed::weights_of(group, co);
              tile<Channels::value, Positions::value>(w + at.first, at.step, bias + Packed::bias_of(group, co), in,
                                                      first, out + co * positions, f);
            });
          });
    }
  }

  template <std::size_t Channels, std::size_t Positions, class F>
  [[gnu::always_inline]] static constexpr void tile(const float* w, std::size_t step, const float* bias, const V* x,
                                                    std::size_t first, V* y, const F& f) {
    const V* from[Positions];
    V sum[Channels][Positions];
    repeat<Positions>([&](auto q) __attribute__((always_inline)) {
      const std::size_t at = first + q;
      from[q] = x + at / S.out_width() * S.stride_height * pitch + at % S.out_width() * S.stride_width;
      repeat<Channels>([&](auto r) __attribute__((always_inline)) { sum[r][q] = broadcast<V>(bias[r]); });
    });
#pragma GCC unroll 1
    for (std::size_t row = 0; row < inputs * S.kernel_height; ++row) {
      const std::size_t line = row / S.kernel_height * plane + row % S.kernel_height * pitch;
#pragma GCC unroll 1
      for (std::size_t kx = 0; kx < S.kernel_width; ++kx, w += step) {
        V in[Positions];
        repeat<Positions>([&](auto q) __attribute__((always_inline)) { in[q] = from[q][line + kx]; });
        repeat<Channels>([&](auto r) __attribute__((always_inline)) {
          const V weight = broadcast<V>(w[r]);
          repeat<Positions>([&](auto q)
                                __attribute__((always_inline)) { sum[r][q] = multiply_add(weight, in[q], sum[r][q]); });
        });
      }
    }
    repeat<Channels>([&](auto r) __attribute__((always_inline)) {
      repeat<Positions>([&](auto q) __attribute__((always_inline)) { y[r * positions + first + q] = f(sum[r][q]); });
    });
  }

  // Registers are worth writing out, an emulated one is a loop already.
  template <std::size_t N, class F> [[gnu::always_inline]] static constexpr void repeat(F&& f) {
    detail::repeat<N, !requires(V v) { v.at; }>(f);
  }

  // Calls tile(first, Count) for runs of `Most`, and what is left of `All`.
  template <std::size_t Most, std::size_t All, class Tile>
  [[gnu::always_inline]] static constexpr void cover(Tile&& tile) {
#pragma GCC unroll 1
    for (std::size_t i = 0; i < All / Most; ++i) tile(i * Most, std::integral_constant<std::size_t, Most>{});
    if constexpr (All % Most != 0) tile(All - All % Most, std::integral_constant<std::size_t, All % Most>{});
  }
};

}  // namespace taut::simd
