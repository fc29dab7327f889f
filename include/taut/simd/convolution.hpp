// SPDX-License-Identifier: Apache-2.0
//
// A convolution of one sample, all sizes known to the compiler:
//     y[co][q] = bias[co] + sum over ci, ky, kx of w[co][ci][ky][kx] x[ci][qy sy + ky - py][qx sx + kx - px].
// x is copied once into zero-padded phases, element (i, j) of the padded input to phase (i mod sy, j mod sx): every
// stride is then 1, and a tap an offset into one flat array. Sums stay in registers, whose lanes are positions or
// output channels, whichever takes fewer. Each output is one chain of multiply_adds from its bias on, in the order ci,
// ky, kx: the same in every lane; error <= (n + 1) 2^-24 (|bias| + sum |w| |x|), n terms, to first order. Example:
//   convolution<native, convolution_shape{.in_channels = 1, ...}>::apply(w, bias, x, y, scratch);
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <taut/simd/matvec.hpp>
#include <taut/simd/portable.hpp>
#include <type_traits>

namespace taut::simd {

/// The numbers of a convolution; a signal has height 1.
struct convolution_shape {
  std::size_t in_channels, in_height, in_width, out_channels, groups = 1;
  std::size_t kernel_height, kernel_width, stride_height = 1, stride_width = 1, padding_height = 0, padding_width = 0;

  [[nodiscard]] constexpr std::size_t out_height() const {
    return (in_height + 2 * padding_height - kernel_height) / stride_height + 1;
  }
  [[nodiscard]] constexpr std::size_t out_width() const {
    return (in_width + 2 * padding_width - kernel_width) / stride_width + 1;
  }
  [[nodiscard]] constexpr std::size_t in_size() const { return in_channels * in_height * in_width; }
  [[nodiscard]] constexpr std::size_t out_size() const { return out_channels * out_height() * out_width(); }
};

/// The convolution of shape S in lanes V; the layout depends on width<V> alone.
template <float_lane V, convolution_shape S> struct convolution {
  /// Input and output channels of a group, taps of a channel, positions of the output.
  static constexpr std::size_t inputs = S.in_channels / S.groups, outputs = S.out_channels / S.groups;
  static constexpr std::size_t taps = S.kernel_height * S.kernel_width;
  static constexpr std::size_t positions = S.out_height() * S.out_width();

 private:
  static constexpr std::size_t lanes = width<V>;
  static constexpr std::size_t over(std::size_t n, std::size_t d) { return (n + d - 1) / d; }

  // Phases: those that a tap falls into, each of `pitch` columns.
  static constexpr std::size_t phase_rows = std::min(S.stride_height, S.kernel_height);
  static constexpr std::size_t phase_columns = std::min(S.stride_width, S.kernel_width);
  static constexpr std::size_t pitch = S.out_width() + (S.kernel_width - 1) / S.stride_width;
  static constexpr std::size_t plane = (S.out_height() + (S.kernel_height - 1) / S.stride_height) * pitch;
  static constexpr std::size_t channel = phase_rows * phase_columns * plane;

  // Position (y, x) of the output is number y pitch + x; between rows lie numbers that nobody asks for.
  static constexpr std::size_t numbered = (S.out_height() - 1) * pitch + S.out_width();
  static constexpr std::size_t position_registers = over(numbered, lanes), channel_registers = over(outputs, lanes);

 public:
  /// Whether output channels are in the lanes: where that takes at least a quarter fewer sums, since they are then
  /// written transposed. Single lanes need no transposition, and positions have no numbers in vain.
  static constexpr bool channels_in_lanes =
      lanes < 4 || positions * channel_registers * 4 <= outputs * position_registers * 3;
  /// Floats of packed weights, of biases and of scratch.
  static constexpr std::size_t weight_size =
      S.groups * inputs * taps * (channels_in_lanes ? channel_registers * lanes : outputs);
  static constexpr std::size_t bias_size = S.out_channels;
  static constexpr std::size_t scratch_size =
      S.in_channels * channel + lanes +
      (channels_in_lanes ? S.groups * channel_registers * lanes : outputs * position_registers * lanes);

  /// Packs entry(co, ci in its group, ky, kx), given in double, rounding each once; out has `weight_size` floats.
  template <class Entry>
    requires std::is_invocable_r_v<double, Entry, std::size_t, std::size_t, std::size_t, std::size_t>
  static constexpr void pack(Entry&& entry, float* out) {
    constexpr std::size_t lines = channels_in_lanes ? channel_registers * lanes : outputs;
    for (std::size_t group = 0; group < S.groups; ++group)
      for (std::size_t first = 0; first < lines; first += block_lines) {
        const std::size_t last = std::min(first + block_lines, lines);
        for (std::size_t ci = 0; ci < inputs; ++ci)
          for (std::size_t tap = 0; tap < taps; ++tap)
            for (std::size_t co = first; co < last; ++co)
              *out++ =
                  co < outputs
                      ? static_cast<float>(entry(group * outputs + co, ci, tap / S.kernel_width, tap % S.kernel_width))
                      : 0.0f;
      }
  }

  /// y = the convolution of x. Reads the S.in_size() floats of x and then writes exactly the S.out_size() floats of y,
  /// rows of positions, channel by channel; y may be x. @pre w is packed and aligned to the size of V; scratch has
  /// scratch_size floats, of any values, apart from all others.
  static constexpr void apply(const float* w, const float* bias, const float* x, float* y, float* scratch) {
    spread(x, scratch);
    float* const rest = scratch + S.in_channels * channel + lanes;
    if constexpr (channels_in_lanes) {
      for (std::size_t group = 0; group < S.groups; ++group)
        for (std::size_t i = 0; i < channel_registers * lanes; ++i)
          rest[group * channel_registers * lanes + i] = i < outputs ? bias[group * outputs + i] : 0.0f;
    }
#pragma GCC unroll 1
    for (std::size_t group = 0; group < S.groups; ++group) {
      const float* const weights = w + group * (weight_size / S.groups);
      const float* const phases = scratch + group * inputs * channel;
      float* const out = y + group * outputs * positions;
      if constexpr (channels_in_lanes) {
        by_channels(weights, rest + group * channel_registers * lanes, phases, out);
      } else {
        by_positions(weights, bias + group * outputs, phases, rest);
        compact(rest, out);
      }
    }
  }

 private:
  // As many sums as the registers hold (32 of 16 floats, else 16) beside the operands. Positions in the lanes: a block
  // of output channels times a few registers of positions; channels in the lanes: registers times a few positions.
  static constexpr std::size_t sums = lanes >= 16 ? 24 : 12;
  static constexpr std::size_t even(std::size_t count, std::size_t most) { return over(count, over(count, most)); }
  static constexpr std::size_t block =
      channels_in_lanes ? even(channel_registers, 2) : even(outputs, lanes >= 16 ? 8 : 4);
  static constexpr std::size_t block_lines = channels_in_lanes ? block * lanes : block;
  static constexpr std::size_t run =
      even(channels_in_lanes ? positions : position_registers, std::min<std::size_t>(sums / block, 8));
  static constexpr std::size_t blocks_of = channels_in_lanes ? channel_registers : outputs;
  static constexpr std::size_t runs_of = channels_in_lanes ? positions : position_registers;

  // Where tap ky, kx of number 0 lies in the phases of a channel.
  static constexpr auto offsets = [] {
    std::array<std::size_t, taps> at{};
    for (std::size_t tap = 0; tap < taps; ++tap) {
      const std::size_t ky = tap / S.kernel_width, kx = tap % S.kernel_width;
      at[tap] = ((ky % S.stride_height) * phase_columns + kx % S.stride_width) * plane +
                (ky / S.stride_height) * pitch + kx / S.stride_width;
    }
    return at;
  }();

  // Registers are worth writing out, scalars too; an emulated register is a loop already (as in matvec.hpp).
  static constexpr bool is_register = !std::floating_point<V> && !requires(V v) { v.at; };
  template <std::size_t N, class F> [[gnu::always_inline]] static constexpr void repeat(F&& f) {
    detail::repeat<N, is_register || lanes == 1>(f);
  }

  // Copies x into its phases, zeros around it, and zeros behind them for the last register to read.
  static constexpr void spread(const float* x, float* to) {
    for (std::size_t c = 0; c < S.in_channels; ++c, x += S.in_height * S.in_width)
      for (std::size_t a = 0; a < phase_rows; ++a)
        for (std::size_t b = 0; b < phase_columns; ++b) {
          // columns first .. last of this phase are inside the input
          const std::size_t first =
              std::min(pitch, b < S.padding_width ? over(S.padding_width - b, S.stride_width) : 0);
          const std::size_t end = S.padding_width + S.in_width;
          const std::size_t last = std::max(first, std::min(pitch, b < end ? over(end - b, S.stride_width) : 0));
          for (std::size_t row = 0; row < plane / pitch; ++row, to += pitch) {
            const std::size_t i = row * S.stride_height + a;  // of the padded input
            if (i < S.padding_height || i >= S.padding_height + S.in_height) {
              for (std::size_t j = 0; j < pitch; ++j) to[j] = 0;
              continue;
            }
            const float* const line = x + (i - S.padding_height) * S.in_width;
            for (std::size_t j = 0; j < first; ++j) to[j] = 0;
            for (std::size_t j = first; j < last; ++j) to[j] = line[j * S.stride_width + b - S.padding_width];
            for (std::size_t j = last; j < pitch; ++j) to[j] = 0;
          }
        }
    for (std::size_t j = 0; j < lanes; ++j) to[j] = 0;
  }

  // Calls tile(first, Count) for runs of `Most`, and what is left of `all`.
  template <std::size_t Most, std::size_t All, class Tile>
  [[gnu::always_inline]] static constexpr void cover(Tile&& tile) {
#pragma GCC unroll 1
    for (std::size_t i = 0; i < All / Most; ++i) tile(i * Most, std::integral_constant<std::size_t, Most>{});
    if constexpr (All % Most != 0) tile(All - All % Most, std::integral_constant<std::size_t, All % Most>{});
  }

  // lines[co][number], all numbers of all output channels of a group.
  static constexpr void by_positions(const float* w, const float* bias, const float* phases, float* lines) {
    cover<run, runs_of>([&]<class Run>(std::size_t first, Run) __attribute__((always_inline)) {
      cover<block, blocks_of>([&]<class Block>(std::size_t co, Block) __attribute__((always_inline)) {
        V sum[Block::value][Run::value];
        repeat<Block::value>([&](auto r) __attribute__((always_inline)) {
          repeat<Run::value>([&](auto q) __attribute__((always_inline)) { sum[r][q] = broadcast<V>(bias[co + r]); });
        });
        const float* weights = w + co * inputs * taps;
        const float* from = phases + first * lanes;
#pragma GCC unroll 1
        for (std::size_t ci = 0; ci < inputs; ++ci, from += channel)
#pragma GCC unroll 1
          for (std::size_t tap = 0; tap < taps; ++tap, weights += Block::value) {
            V in[Run::value];
            repeat<Run::value>(
                [&](auto q) __attribute__((always_inline)) { in[q] = load<V>(from + offsets[tap] + q * lanes); });
            repeat<Block::value>([&](auto r) __attribute__((always_inline)) {
              const V weight = broadcast<V>(weights[r]);
              repeat<Run::value>(
                  [&](auto q) __attribute__((always_inline)) { sum[r][q] = multiply_add(weight, in[q], sum[r][q]); });
            });
          }
        repeat<Block::value>([&](auto r) __attribute__((always_inline)) {
          repeat<Run::value>([&](auto q) __attribute__((always_inline)) {
            store(sum[r][q], lines + (co + r) * position_registers * lanes + (first + q) * lanes);
          });
        });
      });
    });
  }
  // The numbers that are positions.
  static constexpr void compact(const float* lines, float* y) {
    for (std::size_t co = 0; co < outputs; ++co, lines += position_registers * lanes)
      for (std::size_t row = 0; row < S.out_height(); ++row, y += S.out_width())
        for (std::size_t j = 0; j < S.out_width(); ++j) y[j] = lines[row * pitch + j];
  }

  // y[co][position], with registers of output channels.
  static constexpr void by_channels(const float* w, const float* bias, const float* phases, float* y) {
    cover<block, blocks_of>([&]<class Block>(std::size_t co, Block) __attribute__((always_inline)) {
      cover<run, runs_of>([&]<class Run>(std::size_t first, Run) __attribute__((always_inline)) {
        V sum[Block::value][Run::value];
        const float* from[Run::value];
        repeat<Run::value>([&](auto q) __attribute__((always_inline)) {
          const std::size_t position = first + q;
          from[q] = phases + position / S.out_width() * pitch + position % S.out_width();
          repeat<Block::value>([&](auto r)
                                   __attribute__((always_inline)) { sum[r][q] = load<V>(bias + (co + r) * lanes); });
        });
        const float* weights = w + co * lanes * inputs * taps;
#pragma GCC unroll 1
        for (std::size_t ci = 0; ci < inputs; ++ci)
#pragma GCC unroll 1
          for (std::size_t tap = 0; tap < taps; ++tap, weights += Block::value * lanes)
            repeat<Block::value>([&](auto r) __attribute__((always_inline)) {
              const V weight = load_aligned<V>(weights + r * lanes);
              repeat<Run::value>([&](auto q) __attribute__((always_inline)) {
                sum[r][q] = multiply_add(weight, broadcast<V>(from[q][ci * channel + offsets[tap]]), sum[r][q]);
              });
            });
        float column[Run::value][lanes]{};
        repeat<Block::value>([&](auto r) __attribute__((always_inline)) {
          repeat<Run::value>([&](auto q) __attribute__((always_inline)) { store(sum[r][q], column[q]); });
          const std::size_t line = (co + r) * lanes, count = std::min(lanes, outputs - line);
          for (std::size_t l = 0; l < count; ++l)
            for (std::size_t q = 0; q < Run::value; ++q) y[(line + l) * positions + first + q] = column[q][l];
        });
      });
    });
  }
};

}  // namespace taut::simd
