// SPDX-License-Identifier: Apache-2.0
//
// A convolution of one sample, all sizes known to the compiler:
//     y[co][q] = bias[co] + sum over ci, ky, kx of w[co][ci][ky][kx] x[ci][qy sy + ky - py][qx sx + kx - px].
// x is read where it is, or, padded or strided, from a copy (planes.hpp). Sums stay in registers, whose lanes are
// positions or output channels, whichever takes fewer. Each output is one chain of multiply_adds from its bias on, in
// the order ci, ky, kx: the same in every lane; error <= (n + 1) 2^-24 (|bias| + sum |w| |x|), n terms, to first order.
//   convolution<native, convolution_shape{.in_channels = 1, ...}>::apply(w, bias, x, y, scratch);
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <taut/simd/matvec.hpp>
#include <taut/simd/piece.hpp>
#include <taut/simd/pivoted_sums.hpp>
#include <taut/simd/planes.hpp>
#include <taut/simd/portable.hpp>
#include <type_traits>

namespace taut::simd {

/// The convolution of shape S in lanes V; the layout depends on width<V> alone.
template <float_lane V, convolution_shape S> struct convolution {
  /// Input and output channels of a group, taps of a channel, positions of the output.
  static constexpr std::size_t inputs = S.in_channels / S.groups, outputs = S.out_channels / S.groups;
  static constexpr std::size_t taps = S.kernel_height * S.kernel_width;
  static constexpr std::size_t positions = S.out_height() * S.out_width();

 private:
  static constexpr std::size_t lanes = width<V>;
  static constexpr std::size_t even(std::size_t count, std::size_t most) {
    return ceil_div(count, ceil_div(count, most));
  }
  static constexpr bool padded = S.padding_height > 0 || S.padding_width > 0;
  static constexpr bool strided = S.stride_height > 1 || S.stride_width > 1;

  // Positions in the lanes: position (y, x) is number y line + x, lines as long as those of the copy. Between rows lie
  // numbers that nobody asks for, unless rows follow each other without a gap: then all are one row.
  static constexpr std::size_t line = S.out_width() + (S.kernel_width - 1) / S.stride_width;
  static constexpr std::size_t numbered = (S.out_height() - 1) * line + S.out_width();
  static constexpr bool one_row = S.out_height() == 1 || line == S.out_width();
  static constexpr std::size_t rows = one_row ? 1 : S.out_height(), row = one_row ? positions : S.out_width();
  static constexpr std::size_t of_rows = rows * ceil_div(row, lanes), of_numbers = ceil_div(numbered, lanes);

 public:
  /// Whether output channels are in the lanes: where that takes at least a quarter fewer sums, since they are then
  /// written transposed. Single lanes need no transposition, and positions have no numbers in vain.
  static constexpr bool channels_in_lanes =
      lanes < 4 || positions * ceil_div(outputs, lanes) * 4 <= outputs * ceil_div(numbered, lanes) * 3;

 private:
  // Whether rows fit a register, and zeros around them are shifted in: then they are read where they are, too.
  static constexpr bool fits =
      padded && S.kernel_width > 1 && !strided && !channels_in_lanes && std::max(S.in_width, S.out_width()) <= lanes;
  // Whether the only output channel of a group is computed with one load for all rows of the output under a tap.
  static constexpr bool slides = !channels_in_lanes && outputs == 1 && inputs == 1 && !one_row && taps <= 25 &&
                                 S.stride_height == 1 && of_rows <= 2 * of_numbers;
  static constexpr std::size_t slide = even(rows, lanes >= 16 ? 8 : 4);  // rows of the output side by side
  // Whether registers are parts of rows, written where they belong: where that takes no more than the rows' copies.
  static constexpr bool in_rows =
      slides || one_row ||
      ((row >= lanes || fits) && of_rows * inputs * taps <= of_numbers * inputs * taps + 2 * of_rows);
  static constexpr std::size_t registers = in_rows ? of_rows : of_numbers;
  // What the only register of a row, or of all numbers, holds beyond it; longer ones end with a register that overlaps.
  static constexpr std::size_t beyond = lanes - std::min(lanes, in_rows ? row : numbered);

  static constexpr bool edges = fits && in_rows;
  using source = planes<V, S,
                        edges || (!padded && (channels_in_lanes || !strided)) ? reading::in_place
                        : channels_in_lanes                                   ? reading::copied
                                                                              : reading::in_phases>;
  static constexpr std::size_t padded_outputs = channels_in_lanes ? ceil_div(outputs, lanes) * lanes : outputs;

  // As many sums as the registers hold (32 of 16 floats, else 16) beside the operands. Positions in the lanes: a block
  // of output channels times a few registers of positions; channels in the lanes: registers times a few positions.
  static constexpr std::size_t sums = lanes >= 16 ? 24 : 12;
  static constexpr std::size_t blocks_of = channels_in_lanes ? ceil_div(outputs, lanes) : outputs;
  static constexpr std::size_t runs_of = channels_in_lanes ? positions : registers;
  static constexpr std::size_t block = even(blocks_of, channels_in_lanes ? 2 : lanes >= 16 ? 8 : 4);

 public:
  /// Output channels whose weights lie side by side, term by term.
  static constexpr std::size_t block_lines = channels_in_lanes ? block * lanes : block;

 private:
  static constexpr std::size_t run = even(runs_of, std::min<std::size_t>(sums / block, 8));

 public:
  /// Floats of packed weights, of biases and of scratch.
  static constexpr std::size_t weight_size = S.groups * inputs * taps * padded_outputs;
  static constexpr std::size_t bias_size = S.groups * padded_outputs;
  static constexpr std::size_t scratch_size =
      source::size + (channels_in_lanes || in_rows ? 0 : outputs * registers * lanes) + (source::size == 0 ? 1 : 0);
  /// Floats of x that may be loaded, and of y that are written, the last of them with any values; all others stay.
  static constexpr std::size_t reads = S.in_size() + (source::size == 0 && !channels_in_lanes && !edges ? beyond : 0);
  static constexpr std::size_t writes =
      S.out_size() + (in_rows && !channels_in_lanes && (slides || !edges) ? beyond : 0);

  /// Packs entry(co, ci in its group, ky, kx), given in double, rounding each once; out has `weight_size` floats.
  template <class Entry>
    requires std::is_invocable_r_v<double, Entry, std::size_t, std::size_t, std::size_t, std::size_t>
  static constexpr void pack(Entry&& entry, float* out) {
    for (std::size_t group = 0; group < S.groups; ++group)
      for (std::size_t first = 0; first < padded_outputs; first += block_lines) {
        const std::size_t last = std::min(first + block_lines, padded_outputs);
        for (std::size_t ci = 0; ci < inputs; ++ci)
          for (std::size_t tap = 0; tap < taps; ++tap)
            for (std::size_t co = first; co < last; ++co)
              *out++ =
                  co < outputs
                      ? static_cast<float>(entry(group * outputs + co, ci, tap / S.kernel_width, tap % S.kernel_width))
                      : 0.0f;
      }
  }
  /// The same for biases, entry(co); out has `bias_size` floats.
  template <class Entry>
    requires std::is_invocable_r_v<double, Entry, std::size_t>
  static constexpr void pack_bias(Entry&& entry, float* out) {
    for (std::size_t group = 0; group < S.groups; ++group)
      for (std::size_t co = 0; co < padded_outputs; ++co)
        *out++ = co < outputs ? static_cast<float>(entry(group * outputs + co)) : 0.0f;
  }

  /// Where the weights of output co of a group begin, and how far those of the next term are; those of the outputs
  /// behind co lie beside them, up to the next multiple of block_lines.
  struct weights_place {
    std::size_t first, step;
  };
  static constexpr weights_place weights_of(std::size_t group, std::size_t co) {
    const std::size_t begin = co / block_lines * block_lines, lines = std::min(block_lines, padded_outputs - begin);
    return {(group * padded_outputs + begin) * inputs * taps + (co - begin), lines};
  }
  /// The place of the bias of output co of a group.
  static constexpr std::size_t bias_of(std::size_t group, std::size_t co) { return group * padded_outputs + co; }

  /// What `apply` does with its sums unless told otherwise: nothing.
  struct as_they_are {
    [[gnu::always_inline]] constexpr V operator()(const V& z) const { return z; }
  };
  /// Whether `apply` can add up an output channel as it computes it, and how many additions a number then goes through
  /// in a lane: only where it computes channels one at a time, and with 32 registers. With 16 of them, the weights and
  /// sums of a tile leave no room, and convolution and normalizer took up to 1.3 times as long.
  static constexpr bool adds_up = slides && lanes >= 16;
  static constexpr std::size_t longest_sum =
      pivoted_sums<V>::template longest<slide>(ceil_div(rows, slide) * ceil_div(row, lanes));
  /// Who is told the sums of a channel unless someone asks: nobody.
  struct nobody {};
  /// y = f(the convolution of x), f in lanes. Writes the S.out_size() floats of y, rows of positions, channel by
  /// channel, and up to `writes`. After each channel calls tell(channel, sums of what f gets). @pre w and bias are
  /// packed and aligned to the size of V; x has `reads` floats, y `writes`, scratch scratch_size, of any values, all
  /// apart from each other.
  template <class F = as_they_are, class Tell = nobody>
    requires(adds_up || std::same_as<Tell, nobody>)
  static constexpr void apply(const float* w, const float* bias, const float* x, float* y, float* scratch, F f = {},
                              Tell tell = {}) {
    if constexpr (source::size > 0) {
      source::copy(x, scratch);
      x = scratch;
    }
#pragma GCC unroll 1
    for (std::size_t group = 0; group < S.groups; ++group) {
      if constexpr (channels_in_lanes) {
        by_channels(w, bias, x, y, f);
      } else if constexpr (slides) {
        pivoted_sums<V> about;
        by_sliding<!std::same_as<Tell, nobody>>(w, bias, x, y, f, about);
        if constexpr (!std::same_as<Tell, nobody>) tell(group, about);
      } else if constexpr (in_rows) {
        by_positions(w, bias, x, y, f);
      } else {
        by_positions(w, bias, x, scratch + source::size, f);
        compact(scratch + source::size, y);
      }
      w += weight_size / S.groups, bias += padded_outputs, x += inputs * source::channel, y += outputs * positions;
    }
  }

 private:
  // Where register i begins in x and in a channel's outputs: the last one of a row, or of all numbers, ends with them.
  struct place {
    std::size_t from, to;
  };
  static constexpr auto places = [] {
    std::array<place, channels_in_lanes ? 1 : registers> at{};
    constexpr std::size_t length = in_rows ? row : numbered, each = ceil_div(length, lanes);
    for (std::size_t i = 0; i < at.size(); ++i) {
      const std::size_t column = std::min(i % each * lanes, length - std::min(length, lanes));
      at[i] = {i / each * source::pitch + column, i / each * row + column};
    }
    return at;
  }();

  // Registers are worth writing out, scalars too; an emulated register is a loop already (as in matvec.hpp).
  static constexpr bool is_register = detail::in_register<V>;
  template <std::size_t N, class F> [[gnu::always_inline]] static constexpr void repeat(F&& f) {
    detail::repeat<N, is_register || lanes == 1>(f);
  }
  // Whether so many operations are written out.
  template <std::size_t Operations> static constexpr bool is_written_out = is_register && Operations <= 160;
  // Calls f(i, k) for i < N and k < M, in order.
  template <std::size_t N, std::size_t M, std::size_t Work, class F>
  [[gnu::always_inline]] static constexpr void for_each(F&& f) {
    if constexpr (is_written_out<N * M * Work>) {
      detail::repeat<N * M>([&](auto i) __attribute__((always_inline)) { f(i / M, i % M); });
    } else {
#pragma GCC unroll 1
      for (std::size_t i = 0; i < N; ++i)
#pragma GCC unroll 1
        for (std::size_t k = 0; k < M; ++k) f(i, k);
    }
  }

  // Calls tile(first, Count) for runs of `Most`, and what is left of `All`. Written out: what depends on where they
  // begin, as whether rows are padding, is known to the compiler.
  template <std::size_t Most, std::size_t All, bool WrittenOut = false, class Tile>
  [[gnu::always_inline]] static constexpr void cover(Tile&& tile) {
    detail::repeat<All / Most, WrittenOut>(
        [&](auto i) __attribute__((always_inline)) { tile(i * Most, std::integral_constant<std::size_t, Most>{}); });
    if constexpr (All % Most != 0) tile(All - All % Most, std::integral_constant<std::size_t, All % Most>{});
  }

  // lines[co][number] or y[co][position], for all output channels of a group. Where a row is shorter than a register,
  // the next channel is written over what is beyond it.
  template <class F>
  static constexpr void by_positions(const float* w, const float* bias, const float* x, float* y, const F& f) {
    cover<run, runs_of, edges && is_written_out<inputs * taps * block * run>>(
        [&]<class Run>(std::size_t first, Run) __attribute__((always_inline)) {
          cover<block, blocks_of>([&]<class Block>(std::size_t co, Block) __attribute__((always_inline)) {
            constexpr std::size_t length = in_rows ? positions : registers * lanes;
            const float* const weights = w + co * inputs * taps;
            if constexpr (is_written_out<inputs * taps * Block::value * Run::value>)
              tile_of_positions<Block::value, Run::value>(weights, bias + co, x, y + co * length, first, f);
            else tile_apart<Block::value, Run::value>(weights, bias + co, x, y + co * length, first, f);
          });
        });
  }
  template <std::size_t Block, std::size_t Run, class F>
  [[gnu::always_inline]] static constexpr void tile_of_positions(const float* w, const float* bias, const float* x,
                                                                 float* y, std::size_t first, const F& f) {
    constexpr std::size_t length = in_rows ? positions : registers * lanes;
    V sum[Block][Run];
    repeat<Block>([&](auto r) __attribute__((always_inline)) {
      repeat<Run>([&](auto q) __attribute__((always_inline)) { sum[r][q] = broadcast<V>(bias[r]); });
    });
    const auto add = [&](std::size_t term, const V* in) __attribute__((always_inline)) {
      repeat<Block>([&](auto r) __attribute__((always_inline)) {
        const V weight = broadcast<V>(w[term * Block + r]);
        repeat<Run>([&](auto q) __attribute__((always_inline)) { sum[r][q] = multiply_add(weight, in[q], sum[r][q]); });
      });
    };
    if constexpr (edges) {
      for_each<inputs, S.kernel_height, Block * Run * S.kernel_width>(
          [&](auto ci, auto ky) __attribute__((always_inline)) {
            detail::repeat<S.kernel_width>([&](auto kx) __attribute__((always_inline)) {
              V in[Run];
              repeat<Run>([&](auto q) __attribute__((always_inline)) {
                in[q] = padded_row<kx>(x + ci * source::channel, first + q + ky);
              });
              add((ci * S.kernel_height + ky) * S.kernel_width + kx, in);
            });
          });
    } else {
      const float* from[Run];
      repeat<Run>([&](auto q) __attribute__((always_inline)) { from[q] = x + places[first + q].from; });
      for_each<inputs, taps, Block * Run>([&](auto ci, auto tap) __attribute__((always_inline)) {
        const std::size_t at = ci * source::channel + source::offsets[tap];
        V in[Run];
        repeat<Run>([&](auto q) __attribute__((always_inline)) { in[q] = load<V>(from[q] + at); });
        add(ci * taps + tap, in);
      });
    }
    repeat<Block>([&](auto r) __attribute__((always_inline)) {
      repeat<Run>([&](auto q) __attribute__((always_inline)) {
        float* const to = y + r * length + places[first + q].to;
        if constexpr (edges) store_first<std::min(row, lanes)>(f(sum[r][q]), to);
        else store(f(sum[r][q]), to);
      });
    });
  }
  // What tap kx sees of row i of the padded input.
  template <std::size_t Kx> [[gnu::always_inline]] static constexpr V padded_row(const float* x, std::size_t i) {
    constexpr std::size_t left = S.padding_width - std::min(Kx, S.padding_width), right = Kx + left - S.padding_width;
    constexpr std::size_t count = std::min(S.in_width - std::min(S.in_width, right), lanes - std::min(lanes, left));
    const std::size_t at = i - S.padding_height;  // wraps around above the first row
    return at < S.in_height ? load_inside<V, std::min(left, lanes - count), count>(x + (at * S.in_width + right))
                            : V(0.0f);
  }
  // As a function of its own: g++ 12 keeps its sums in memory where there are several tiles in one.
  template <std::size_t Block, std::size_t Run, class F>
  [[gnu::noinline]] static constexpr void tile_apart(const float* w, const float* bias, const float* x, float* y,
                                                     std::size_t first, const F& f) {
    tile_of_positions<Block, Run>(w, bias, x, y, first, f);
  }
  // The numbers that are positions.
  static constexpr void compact(const float* lines, float* y) {
    for (std::size_t co = 0; co < outputs; ++co, lines += registers * lanes)
      for (std::size_t i = 0; i < S.out_height(); ++i, y += S.out_width())
        copy_row<V, S.out_width()>(lines + i * line, y);
  }

  // y[position] of one channel, whose rows share what they load: a run of rows in one column of registers.
  template <bool AddsUp, class F> static constexpr void by_sliding(const float* w, const float* bias, const float* x,
                                                                   float* y, const F& f,
                                                                   [[maybe_unused]] pivoted_sums<V>& about) {
    constexpr std::size_t each = ceil_div(row, lanes), height = S.kernel_height;
    V weight[taps];
    repeat<taps>([&](auto tap) __attribute__((always_inline)) { weight[tap] = broadcast<V>(w[tap]); });
    cover<slide, rows>([&]<class Run>(std::size_t first, Run) __attribute__((always_inline)) {
#pragma GCC unroll 1
      for (std::size_t k = 0; k < each; ++k) {
        const std::size_t column = places[k].to;
        V sum[Run::value];
        repeat<Run::value>([&](auto q) __attribute__((always_inline)) { sum[q] = broadcast<V>(*bias); });
        repeat<Run::value + height - 1>([&](auto i) __attribute__((always_inline)) {
          const std::size_t from = (first + i) * source::pitch + column;
          detail::repeat<S.kernel_width>([&](auto kx) __attribute__((always_inline)) {
            const V in = as_written(edges ? padded_row<kx>(x, first + i)
                                          : load<V>(x + (from + source::offsets[kx])));  // loaded once
            repeat<height>([&](auto back) __attribute__((always_inline)) {               // the output in row i - ky
              const std::size_t ky = height - 1 - back, behind = i - ky;  // wraps around before the first one
              V& to = sum[std::min(behind, Run::value - 1)];
              if (behind < Run::value) to = multiply_add(weight[ky * S.kernel_width + kx], in, to);
            });
          });
        });
        if constexpr (AddsUp) {
          if (first == 0 && k == 0) about.begin(sum, std::min(row, lanes));
          about.add(sum, [k](const V& v) __attribute__((always_inline)) { return once(v, k); });
        }
        repeat<Run::value>([&](auto q)
                               __attribute__((always_inline)) { store(f(sum[q]), y + (first + q) * row + column); });
      }
    });
  }

  // The lanes of register k of a row that are positions and in no register before it.
  [[gnu::always_inline]] static constexpr V once(const V& v, std::size_t k) {
    if constexpr (row < lanes) return select_first(v, row);
    else if constexpr (row % lanes == 0) return v;
    else return k + 1 < ceil_div(row, lanes) ? v : v - select_first(v, lanes - row % lanes);
  }

  // y[co][position], with registers of output channels.
  template <class F>
  static constexpr void by_channels(const float* w, const float* bias, const float* x, float* y, const F& f) {
    cover<block, blocks_of>([&]<class Block>(std::size_t co, Block) __attribute__((always_inline)) {
      cover<run, runs_of>([&]<class Run>(std::size_t first, Run) __attribute__((always_inline)) {
        V sum[Block::value][Run::value];
        const float* from[Run::value];
        repeat<Run::value>([&](auto q) __attribute__((always_inline)) {
          const std::size_t position = first + q;
          from[q] = x + position / S.out_width() * S.stride_height * source::pitch +
                    position % S.out_width() * S.stride_width;
          repeat<Block::value>(
              [&](auto r) __attribute__((always_inline)) { sum[r][q] = load_aligned<V>(bias + (co + r) * lanes); });
        });
        const float* const weights = w + co * lanes * inputs * taps;
        for_each<inputs, taps, Block::value * Run::value>([&](auto ci, auto tap) __attribute__((always_inline)) {
          const std::size_t at = ci * source::channel + source::offsets[tap];
          repeat<Block::value>([&](auto r) __attribute__((always_inline)) {
            const V weight = load_aligned<V>(weights + ((ci * taps + tap) * Block::value + r) * lanes);
            repeat<Run::value>([&](auto q) __attribute__((always_inline)) {
              sum[r][q] = multiply_add(weight, broadcast<V>(from[q][at]), sum[r][q]);
            });
          });
        });
        float column[Run::value][lanes]{};
        repeat<Block::value>([&](auto r) __attribute__((always_inline)) {
          repeat<Run::value>([&](auto q) __attribute__((always_inline)) { store(f(sum[r][q]), column[q]); });
          const std::size_t begin = (co + r) * lanes, count = std::min(lanes, outputs - begin);
          for (std::size_t l = 0; l < count; ++l)
            for (std::size_t q = 0; q < Run::value; ++q) y[(begin + l) * positions + first + q] = column[q][l];
        });
      });
    });
  }
};

}  // namespace taut::simd
