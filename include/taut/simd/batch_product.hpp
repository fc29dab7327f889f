// SPDX-License-Identifier: Apache-2.0
//
// Y = W X for a batch: samples are in the lanes, x[column] is a register of samples, and several such registers are
// multiplied at once. A tile of rows x registers stays in registers; each weight is one broadcast, read from the
// layout in which matvec.hpp packed it. No padding, no shuffles, no horizontal sums. Example:
//   batch_product<native, matvec<native, 32, 64>>::apply<2>(w, x, x_pitch, [&](auto tile, const auto& sums) { ... });
#pragma once

#include <algorithm>
#include <cstddef>
#include <taut/base/rounding.hpp>
#include <taut/simd/matvec.hpp>
#include <taut/simd/portable.hpp>
#include <type_traits>

namespace taut::simd {

/// The product of the Rows x Cols matrix that Packed holds with samples in lanes V.
template <float_lane V, class Packed, std::size_t Rows, std::size_t Cols> struct batch_product {
  /// Rows of a tile: the sums of two registers of samples, their inputs and a weight fit the registers. The last tile
  /// may have half as many more.
  static constexpr std::size_t tile_rows = register_count<V> >= 32 ? 8 : 4;
  /// Columns that are added up by themselves where there are more than twice as many. Short stretches round less; their
  /// totals fit the registers beside the sums of one register of samples, and beside those of two go to memory, which
  /// costs 2 % of the time at 32 columns.
  static constexpr std::size_t stretch = in_two_steps<V> && Cols <= 1024 ? 16 : 32;
  /// How many such stretches come before the last one, which has at most as many columns.
  static constexpr std::size_t stretches = Cols <= 2 * stretch ? 0 : (Cols - 1) / stretch;
  /// Registers of samples that are best multiplied at once: two halve the loads of weights.
  static constexpr std::size_t at_once = in_two_steps<V> && stretches > 0 && Rows >= 4 ? 1 : 2;

  /// tile(first row, its number of rows as a constant, sums) for each tile in order, sums[row][register].
  /// @pre x[register * pitch + column] are the samples.
  template <std::size_t Registers, class Tile>
  [[gnu::always_inline]] static constexpr void apply(const float* w, const V* x, std::size_t pitch, Tile&& tile) {
    if constexpr (whole_tiles == 1) {
      add_up<tile_rows, Registers, 0>(w, step_at(0), x, pitch, 0, tile);
    } else {
#pragma GCC unroll 1
      for (std::size_t row = 0; row < whole_tiles * tile_rows; row += tile_rows)
        add_up<tile_rows, Registers, 0>(w + Packed::index(row, 0) - Packed::index(0, 0), step_at(row), x, pitch, row,
                                        tile);
    }
    rest<whole_tiles * tile_rows, Registers>(w, x, pitch, tile);
  }

  /// Rounding: the computed sums differ from W x by at most 2^-24 (rounding(||W||, ||W||_F) + (target_fuses ? 0 :
  /// ||W||_F)) |x| in the Euclidean norm of all rows, for each sample, to first order.
  ///
  /// Proof: as in matvec.hpp. Additions number t of all stretches are over disjoint sets of columns: all rows together
  /// they cost 2^-24 min(sqrt(stretches) ||W||, ||W||_F) |x|; each addition of a stretch to the total is over a prefix
  /// of the columns: 2^-24 ||W|| |x|. Every row is split alike.
  static constexpr double rounding(double norm, double frobenius) {
    const std::size_t steps = stretches == 0 ? Cols : stretch;
    const double each = rounded::mul_up(norm, rounded::sqrt_up(static_cast<double>(stretches + 1)));
    return rounded::add_up(rounded::mul_up(static_cast<double>(steps), each < frobenius ? each : frobenius),
                           rounded::mul_up(static_cast<double>(stretches), norm < frobenius ? norm : frobenius));
  }
  /// No result has passed through more roundings than this.
  static constexpr std::size_t longest = (stretches == 0 ? Cols : stretch) + stretches;

 private:
  static constexpr std::size_t period = Packed::columns;
  static_assert(stretch % period == 0);

  // How far a row's next block of columns is.
  static constexpr std::size_t step_at(std::size_t row) { return Packed::index(row, period) - Packed::index(row, 0); }
  // Whether rows [first, last) advance by the same step.
  static constexpr bool alike(std::size_t first, std::size_t last) {
    for (std::size_t row = first; row < last; ++row)
      if (step_at(row) != step_at(first)) return false;
    return true;
  }
  // Whether tile `row` lies in the packed weights as the first tile does.
  static constexpr bool lies_as_first(std::size_t row) {
    for (std::size_t r = 0; r < tile_rows; ++r)
      for (std::size_t c = 0; c < period; ++c)
        if (Packed::index(row + r, c) - Packed::index(row, 0) != Packed::index(r, c) - Packed::index(0, 0) ||
            step_at(row + r) != step_at(row))
          return false;
    return true;
  }
  // How many tiles are computed in a loop; what is left is one tile or more, written out.
  static constexpr std::size_t whole_tiles = [] {
    std::size_t tiles = 0;
    while ((tiles + 1) * tile_rows <= Rows && lies_as_first(tiles * tile_rows)) ++tiles;
    const std::size_t left = Rows - tiles * tile_rows;
    if (tiles > 0 && left > 0 && left <= tile_rows / 2 && alike((tiles - 1) * tile_rows, Rows)) --tiles;
    return tiles;
  }();
  static constexpr std::size_t rows_of_rest(std::size_t first) {
    std::size_t count = std::min(Rows - first, tile_rows * 3 / 2);
    if (count < Rows - first) count = tile_rows;
    while (!alike(first, first + count)) --count;
    return count;
  }
  template <std::size_t First, std::size_t Registers, class Tile>
  [[gnu::always_inline]] static constexpr void rest(const float* w, const V* x, std::size_t pitch, Tile&& tile) {
    if constexpr (First < Rows) {
      constexpr std::size_t count = rows_of_rest(First);
      add_up<count, Registers, First>(w + Packed::index(First, 0), step_at(First), x, pitch, First, tile);
      rest<First + count, Registers>(w, x, pitch, tile);
    }
  }

  // Where the entries of rows Like, ... lie in a block of columns, counted from the first one.
  template <std::size_t Count> struct places {
    std::size_t at[Count][period];
  };
  template <std::size_t Like, std::size_t Count> static constexpr places<Count> offsets = [] {
    places<Count> p{};
    for (std::size_t r = 0; r < Count; ++r)
      for (std::size_t c = 0; c < period; ++c) p.at[r][c] = Packed::index(Like + r, c) - Packed::index(Like, 0);
    return p;
  }();

  // The sums of `Count` rows from `row` on, which lie as those from Like on; w points to entry (row, 0).
  template <std::size_t Count, std::size_t Registers, std::size_t Like, class Tile>
  [[gnu::always_inline]] static constexpr void add_up(const float* w, std::size_t step, const V* x, std::size_t pitch,
                                                      std::size_t row, Tile&& tile) {
    V sum[Count][Registers];
    const auto each = [&](auto&& f) __attribute__((always_inline)) {
#pragma GCC unroll 16
      for (std::size_t r = 0; r < Count; ++r)
#pragma GCC unroll 4
        for (std::size_t v = 0; v < Registers; ++v) f(r, v);
    };
    // without this, g++ reads small tiles' samples from memory for each row: more loads than multiply-adds
    const auto kept = [](const V& in) __attribute__((always_inline)) {
      if constexpr (tile_rows < 8 && Count >= 4) return as_written(in);
      else return in;
    };
    const auto columns = [&](std::size_t n) __attribute__((always_inline)) {
#pragma GCC unroll 4
      for (std::size_t c = 0; c < n; ++c) {
        V in[Registers];
#pragma GCC unroll 4
        for (std::size_t v = 0; v < Registers; ++v) in[v] = kept(x[v * pitch + c]);
        each([&](std::size_t r, std::size_t v) __attribute__((always_inline)) {
          sum[r][v] = multiply_add(broadcast<V>(w[offsets<Like, Count>.at[r][c]]), in[v], sum[r][v]);
        });
      }
    };
    const auto blocks = [&](std::size_t count) __attribute__((always_inline)) {
#pragma GCC unroll 1
      for (std::size_t b = 0; b < count; ++b, w += step, x += period) columns(period);
    };
    each([&](std::size_t r, std::size_t v) __attribute__((always_inline)) { sum[r][v] = V(0.0f); });
    constexpr std::size_t in_last = (Cols - stretches * stretch) / period;
    V total[Count][Registers];
    if constexpr (stretches > 0) {
      each([&](std::size_t r, std::size_t v) __attribute__((always_inline)) { total[r][v] = V(0.0f); });
#pragma GCC unroll 1
      for (std::size_t i = 0; i < stretches; ++i) {
        blocks(stretch / period);
        each([&](std::size_t r, std::size_t v) __attribute__((always_inline)) {
          total[r][v] = total[r][v] + sum[r][v];
          sum[r][v] = V(0.0f);
        });
      }
    }
    blocks(in_last);
    if constexpr (Cols % period != 0) columns(Cols % period);
    if constexpr (stretches > 0)
      each([&](std::size_t r, std::size_t v) __attribute__((always_inline)) { sum[r][v] = total[r][v] + sum[r][v]; });
    tile(row, std::integral_constant<std::size_t, Count>{}, sum);
  }
};

}  // namespace taut::simd
