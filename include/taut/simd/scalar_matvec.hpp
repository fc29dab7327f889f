// SPDX-License-Identifier: Apache-2.0
//
// y = W x for lanes of one float: small processors, and others without vector registers. Up to 8 rows are summed at
// once, so that each input is loaded once for them; their weights lie side by side, column after column. On a
// Cortex-M4F a multiply-add takes 3.3 instructions (2.3 fused), of which one loads the weight. The interface is that of
// matvec, which is this where width<V> is 1. Example:
//   scalar_matvec<scalar, 32, 64>::apply(w, x, [&](std::size_t row, scalar sum) { store(sum, y + row); });
#pragma once

#include <cstddef>
#include <taut/base/rounding.hpp>
#include <taut/simd/piece.hpp>
#include <type_traits>
#include <utility>

namespace taut::simd {

/// The product of a Rows x Cols matrix with a vector, one float a lane.
template <float_lane V, std::size_t Rows, std::size_t Cols> struct scalar_matvec {
  static_assert(Rows > 0 && Cols > 0 && width<V> == 1);
  using sum_lane = V;
  using row_lane = V;
  /// A panel is a row, a register a float.
  static constexpr std::size_t panel_rows = 1, lanes = 1, columns = 1, register_rows = 1, panel_registers = 1,
                               last_registers = 1;
  static constexpr std::size_t panels = Rows, blocks = Cols, padded_rows = Rows, size = Rows * Cols;
  /// Rows computed at once: groups as equal as can be, at most 8, since 32 registers hold their sums, the totals and
  /// some weights.
  static constexpr std::size_t together = ceil_div(Rows, ceil_div(Rows, 8));
  /// Weights and inputs that are loaded.
  static constexpr std::size_t loads = size + ceil_div(Rows, together) * Cols;
  static constexpr bool takes_registers = false;
  /// Sums of at least twice as many columns are added in such stretches, whose totals are a sum of their own.
  static constexpr std::size_t stretch = 64;

  /// Packs the matrix of the given entries, entry(row, column) in double, rounding each once.
  template <class Entry>
    requires std::is_invocable_r_v<double, Entry, std::size_t, std::size_t>
  [[gnu::always_inline]] static constexpr void pack(Entry&& entry, float* out) {
    for (std::size_t first = 0; first < Rows; first += together)
      for (std::size_t column = 0; column < Cols; ++column)
        for (std::size_t k = 0; k < rows_from(first); ++k) *out++ = static_cast<float>(entry(first + k, column));
  }
  /// The same for a row-major matrix.
  static constexpr void pack(const double* row_major, float* out) {
    pack([row_major](std::size_t row, std::size_t column) { return row_major[row * Cols + column]; }, out);
  }
  /// Where the packed weights hold this entry.
  static constexpr std::size_t index(std::size_t row, std::size_t column) {
    const std::size_t first = row / together * together;
    return first * Cols + column * rows_from(first) + row - first;
  }

  /// epilogue(row, sum) for each row in order. @pre w is packed; x are Cols floats, of which nothing more is read.
  template <class Epilogue>
  [[gnu::always_inline]] static constexpr void apply(const float* w, const float* x, Epilogue&& epilogue) {
    constexpr std::size_t whole = Rows / together * together;
    const float* end = w + whole * Cols;
    // g++ 12 would write two groups out one after the other, whatever a pragma says
    if (!__builtin_is_constant_evaluated()) asm("" : "+r"(end));
    for (std::size_t first = 0; w != end; first += together, w += together * Cols)
      group<together>(w, x, first, epilogue);
    if constexpr (whole < Rows) group<Rows - whole>(w, x, whole, epilogue);
  }

  /// The parts of the columns that are added up by themselves: part_of(column) < parts().
  static constexpr std::size_t part_of(std::size_t column) {
    return column / stretch < stretches ? column / stretch : stretches;
  }
  static constexpr std::size_t parts() { return stretches + 1; }
  /// Rounding: the computed sums differ from W x by at most 2^-24 (rounding(||W||, ||W||_F) + (fuses<V> ? 0 :
  /// ||W||_F)) |x| in the Euclidean norm of all rows, to first order (second: a factor (1 - 2^-24)^-longest).
  ///
  /// Proof: as in matvec.hpp. Additions number t of all stretches are over disjoint sets of columns: all rows together
  /// they cost 2^-24 min(sqrt(stretches + 1) ||W||, ||W||_F) |x|; those of the totals are over prefixes of the columns.
  static constexpr double rounding(double norm, double frobenius) {
    const std::size_t steps = stretches == 0 ? Cols : stretch;
    const double each = rounded::mul_up(norm, rounded::sqrt_up(static_cast<double>(stretches + 1)));
    return rounded::add_up(rounded::mul_up(static_cast<double>(steps), each < frobenius ? each : frobenius),
                           rounded::mul_up(static_cast<double>(stretches), norm < frobenius ? norm : frobenius));
  }
  /// No result has passed through more roundings than this.
  static constexpr std::size_t longest = Cols + 8;

 private:
  static constexpr std::size_t stretches = Cols >= 2 * stretch ? Cols / stretch : 0;
  // Columns in one turn of a loop: firmware has little memory for code, and little to gain from more of it where the
  // matrix is small or each operation is a call.
  static constexpr std::size_t written_out = !target_has_roots ? 1 : size < 1024 ? 2 : 4;

  static constexpr std::size_t rows_from(std::size_t first) {
    return Rows - first < together ? Rows - first : together;
  }
  // f(0), ..., f(N - 1), written out.
  template <std::size_t N, class F> [[gnu::always_inline]] static constexpr void repeat(F&& f) {
    [&]<std::size_t... I>(std::index_sequence<I...>) __attribute__((always_inline)) {
      (f(std::integral_constant<std::size_t, I>{}), ...);
    }(std::make_index_sequence<N>{});
  }

  template <std::size_t Count, class Epilogue>
  [[gnu::always_inline]] static constexpr void group(const float* w, const float* x, std::size_t first,
                                                     Epilogue&& epilogue) {
    V sum[Count], total[Count];
    const auto zero = [&](V* at) __attribute__((always_inline)) {
      repeat<Count>([&](auto k) __attribute__((always_inline)) { at[k] = V(0.0f); });
    };
    const auto add = [&](auto columns_at_once) __attribute__((always_inline)) {
      repeat<columns_at_once>([&](auto c) __attribute__((always_inline)) {
        repeat<Count>([&](auto k) __attribute__((always_inline)) {
          sum[k] = multiply_add(load<V>(w + c * Count + k), load<V>(x + c), sum[k]);
        });
      });
      w += columns_at_once * Count, x += columns_at_once;
    };
    const auto add_columns = [&](auto count) __attribute__((always_inline)) {
      const float* const end = x + count / written_out * written_out;
#pragma GCC unroll 1
      while (x != end) add(std::integral_constant<std::size_t, written_out>{});
      add(std::integral_constant<std::size_t, count % written_out>{});
    };
    zero(sum);
    if constexpr (stretches == 0) {
      add_columns(std::integral_constant<std::size_t, Cols>{});
    } else {
      zero(total);
#pragma GCC unroll 1
      for (std::size_t i = 0; i < stretches; ++i) {
        add_columns(std::integral_constant<std::size_t, stretch>{});
        repeat<Count>([&](auto k) __attribute__((always_inline)) { total[k] += sum[k], sum[k] = V(0.0f); });
      }
      add_columns(std::integral_constant<std::size_t, Cols - stretches * stretch>{});
      repeat<Count>([&](auto k) __attribute__((always_inline)) { sum[k] = total[k] + sum[k]; });
    }
    repeat<Count>([&](auto k) __attribute__((always_inline)) { epilogue(first + k, sum[k]); });
  }
};

}  // namespace taut::simd
