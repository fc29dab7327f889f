// SPDX-License-Identifier: Apache-2.0
//
// y = W x for a shape known to the compiler, one sample: block-interleaved panels. A register of the packed weights
// holds (width / 4) rows x 4 columns, so x is read by one 4-float broadcast per block of columns and the 4 registers
// of a panel (width rows) accumulate independently; three add_pairs per panel give the sums in row order:
//     register a, position l  <->  row 4 (l / 4) + a, column l % 4.
// Lanes narrower than 4 hold one column per register. The weights are one stream, read once, in order. Example:
//   matvec<native, 32, 64>::apply(w, x, [&](std::size_t p, native rows) { store(rows, y + p * width<native>); });
#pragma once

#include <concepts>
#include <cstddef>
#include <taut/base/rounding.hpp>
#include <taut/simd/portable.hpp>
#include <type_traits>
#include <utility>

namespace taut::simd {

namespace detail {

// f(0), ..., f(N - 1): written out, which keeps arrays indexed by the number in registers, or as a loop.
template <std::size_t N, bool WrittenOut = true, class F> [[gnu::always_inline]] constexpr void repeat(F&& f) {
  if constexpr (WrittenOut) {
    [&]<std::size_t... I>(std::index_sequence<I...>) __attribute__((always_inline)) {
      (f(std::integral_constant<std::size_t, I>{}), ...);
    }(std::make_index_sequence<N>{});
  } else {
#pragma GCC unroll 1
    for (std::size_t i = 0; i < N; ++i) f(i);
  }
}

}  // namespace detail

/// The product of a Rows x Cols matrix with a vector in lanes V; the layout depends on width<V> alone.
template <float_lane V, std::size_t Rows, std::size_t Cols> struct matvec {
  static_assert(Rows > 0 && Cols > 0);
  /// Columns per register, registers per panel, panels and blocks of columns.
  static constexpr std::size_t columns = block_columns<V>;
  static constexpr std::size_t panels = (Rows + width<V> - 1) / width<V>;
  static constexpr std::size_t blocks = (Cols + columns - 1) / columns;
  /// Rows that are computed, entries of x that are read, floats of packed weights.
  static constexpr std::size_t padded_rows = panels * width<V>;
  static constexpr std::size_t padded_cols = blocks * columns;
  static constexpr std::size_t size = padded_rows * padded_cols;

  /// Packs the matrix of the given entries, entry(row, column) in double, rounding each once; out has `size` floats,
  /// padding is zero.
  template <class Entry>
    requires std::is_invocable_r_v<double, Entry, std::size_t, std::size_t>
  [[gnu::always_inline]] static constexpr void pack(Entry&& entry, float* out) {
    for (std::size_t first = 0; first < panels; first += together) {
      const std::size_t count = panels - first < together ? panels - first : together;
      for (std::size_t block = 0; block < blocks; ++block)
        for (std::size_t k = 0; k < count * columns; ++k)
          for (std::size_t l = 0; l < width<V>; l += columns) {
            const std::size_t row = (first + k / columns) * width<V> + l + k % columns;
            for (std::size_t col = block * columns; col < (block + 1) * columns; ++col)
              *out++ = row < Rows && col < Cols ? static_cast<float>(entry(row, col)) : 0.0f;
          }
    }
  }
  /// The same for a row-major matrix.
  static constexpr void pack(const double* row_major, float* out) {
    pack([row_major](std::size_t row, std::size_t col) { return row_major[row * Cols + col]; }, out);
  }

  /// epilogue(panel, rows) for each panel in order; rows holds the sums of rows panel * width, panel * width + 1, ...
  /// @pre w is packed and aligned to the size of V; x[0 .. padded_cols) is readable, and zero from Cols on.
  template <class Epilogue>
  [[gnu::always_inline]] static constexpr void apply(const float* w, const float* x, Epilogue&& epilogue) {
#pragma GCC unroll 1
    for (std::size_t g = 0; g < panels / together; ++g)
      group<together>(w + g * together * width<V> * padded_cols, x, g * together, epilogue);
    if constexpr (panels % together != 0) {
      constexpr std::size_t first = panels - panels % together;
      group<panels % together>(w + first * width<V> * padded_cols, x, first, epilogue);
    }
  }

  /// The parts of the columns that are added up by themselves: part_of(column) < parts(); one part where groups differ.
  static constexpr std::size_t part_of(std::size_t column) {
    if (!split_alike()) return 0;
    const std::size_t beside = split_of(together) * columns, last = stretches_of(blocks / split_of(together));
    const std::size_t at = column / beside / stretch;
    return (at < last ? at : last) * beside + column % beside;
  }

  /// Rounding: the computed sums differ from W x by at most 2^-24 (rounding(||W||, ||W||_F) + (target_fuses ? 0 :
  /// ||W||_F)) |x| in the Euclidean norm of all rows, to first order (second: a factor (1 - 2^-24)^-longest).
  ///
  /// Proof: each addition is off by 2^-24 of its result, a sum over some of the columns. Sums over disjoint sets C of
  /// columns cost, all rows together, 2^-24 of sum_C |W_C x_C| <= sum_C ||W_C|| |x_C| <= min(sqrt(count) ||W||,
  /// ||W||_F) |x|: no absolute values of W appear. Disjoint are the sums that run side by side, those of all stretches
  /// at the same step, the totals at the same stretch, and what is then added in pairs. The rows of the last group,
  /// which may be split in another way, are counted apart. Instead of ||W||_F: the root of sum ||W_C||^2 over all
  /// parts.
  static constexpr double rounding(double norm, double frobenius) {
    const double whole = panels >= together ? cost_of(together, norm, frobenius) : 0;
    const double rest = split_alike() ? 0 : cost_of(panels % together, norm, frobenius);
    return rest == 0 ? whole
                     : rounded::sqrt_up(rounded::add_up(rounded::mul_up(whole, whole), rounded::mul_up(rest, rest)));
  }
  /// How many parts there are.
  static constexpr std::size_t parts() {
    if (!split_alike()) return 1;
    return (stretches_of(blocks / split_of(together)) + 1) * split_of(together) * columns;
  }
  /// No result has passed through more roundings than this.
  static constexpr std::size_t longest = blocks + 8;

 private:
  // Long sums are added in stretches of so many steps, whose totals are sums of their own: a term of a chain of n steps
  // goes through 2 sqrt(n) roundings instead of n.
  static constexpr std::size_t stretch = 16;
  static constexpr std::size_t stretches_of(std::size_t steps) { return steps >= 2 * stretch ? steps / stretch : 0; }
  // Sums that run side by side in a row of a group of `count` panels, for each of `columns`.
  static constexpr std::size_t split_of(std::size_t count) {
    const std::size_t wanted = columns == 1 ? 4 : count * columns <= 4 ? 2 : 1;
    return blocks < wanted ? 1 : wanted;
  }
  // Whether the last group, if it is smaller, is split as the others are.
  static constexpr bool split_alike() {
    return panels % together == 0 || split_of(panels % together) == split_of(together);
  }
  // The roundings of such a group, each with the norm that bounds its sums.
  static constexpr double cost_of(std::size_t count, double norm, double frobenius) {
    if (count == 0) return 0;
    const std::size_t split = split_of(count), beside = split * columns;
    const std::size_t steps = (blocks + split - 1) / split, stretches = stretches_of(blocks / split);
    const std::size_t longest_stretch = stretches == 0 ? steps : stretch;
    const auto additions = [&](std::size_t times, std::size_t disjoint) {
      const double each = rounded::mul_up(norm, rounded::sqrt_up(static_cast<double>(disjoint)));
      return rounded::mul_up(static_cast<double>(times), each < frobenius ? each : frobenius);
    };
    double cost = rounded::add_up(additions(longest_stretch, beside * (stretches + 1)), additions(stretches, beside));
    for (std::size_t left = beside / 2; left > 0; left /= 2) cost = rounded::add_up(cost, additions(1, left));
    return cost;
  }

  // Panels computed at once, so many that their accumulators fit the registers (32 of 16 floats, 16 of 8 or of 4) and
  // hide the latency of the multiply-add.
  static constexpr std::size_t together_most = columns == 1 ? 4 : width<V> >= 16 ? 4 : 2;
  static constexpr std::size_t together = panels < together_most ? panels : together_most;

  // Registers are worth writing out. Scalars are too, but block by block: firmware has little memory for code. An
  // emulated register is a loop already.
  static constexpr bool is_register = !std::floating_point<V> && !requires(V v) { v.at; };
  template <std::size_t N, class F> [[gnu::always_inline]] static constexpr void repeat_sums(F&& f) {
    detail::repeat<N, is_register || width<V> == 1>(f);
  }

  template <std::size_t Count, class Epilogue>
  [[gnu::always_inline]] static constexpr void group(const float* w, const float* x, std::size_t first,
                                                     Epilogue&& epilogue) {
    constexpr std::size_t sums = Count * columns, step = sums * width<V>;
    // A group of few sums is split in two, even and odd blocks, to have enough independent additions; scalars in four,
    // so that their sums round as little as those of a register, whose four columns are sums of their own.
    constexpr std::size_t split = split_of(Count);
    V sum[split][sums];
    repeat_sums<split * sums>([&](auto k)
                                  __attribute__((always_inline)) { sum[k / sums][k % sums] = broadcast<V>(0.0f); });
    const auto block = [&](std::size_t s, const float* weights, const float* input) __attribute__((always_inline)) {
      const V in = broadcast_block<V>(input);
      repeat_sums<sums>([&](auto k) __attribute__((always_inline)) {
        sum[s][k] = multiply_add(load_aligned<V>(weights + k * width<V>), in, sum[s][k]);
      });
    };
    if constexpr (is_register && blocks * sums <= 64) {
      detail::repeat<blocks>([&](auto b)
                                 __attribute__((always_inline)) { block(b % split, w + b * step, x + b * columns); });
    } else {
      const auto add_steps = [&](std::size_t count) __attribute__((always_inline)) {
#pragma GCC unroll 1
        for (std::size_t b = 0; b < count; ++b, w += split * step, x += split * columns)
          detail::repeat<split>([&](auto s)
                                    __attribute__((always_inline)) { block(s, w + s * step, x + s * columns); });
      };
      constexpr std::size_t stretches = stretches_of(blocks / split);
      V total[split][sums];
      if constexpr (stretches > 0) {
        repeat_sums<split * sums>([&](auto k) __attribute__((always_inline)) { total[k / sums][k % sums] = V(0.0f); });
#pragma GCC unroll 1
        for (std::size_t i = 0; i < stretches; ++i) {
          add_steps(stretch);
          repeat_sums<split * sums>([&](auto k) __attribute__((always_inline)) {
            total[k / sums][k % sums] += sum[k / sums][k % sums];
            sum[k / sums][k % sums] = V(0.0f);
          });
        }
      }
      add_steps(blocks / split - stretches * stretch);
      detail::repeat<blocks % split>([&](auto s)
                                         __attribute__((always_inline)) { block(s, w + s * step, x + s * columns); });
      if constexpr (stretches > 0)
        repeat_sums<split * sums>([&](auto k) __attribute__((always_inline)) {
          sum[k / sums][k % sums] = total[k / sums][k % sums] + sum[k / sums][k % sums];
        });
    }
    repeat_sums<Count>([&](auto p) __attribute__((always_inline)) {
      V* a = &sum[0][p * columns];
      if constexpr (split == 4) {
        repeat_sums<columns>([&](auto k) __attribute__((always_inline)) {
          const std::size_t at = p * columns + k;
          a[k] = (a[k] + sum[1][at]) + (sum[2][at] + sum[3][at]);
        });
      } else if constexpr (split == 2) {
        repeat_sums<columns>([&](auto k) __attribute__((always_inline)) { a[k] += sum[1][p * columns + k]; });
      }
      if constexpr (columns == 1) epilogue(first + p, a[0]);
      else epilogue(first + p, add_pairs(add_pairs(a[0], a[1]), add_pairs(a[2], a[3])));
    });
  }
};

}  // namespace taut::simd
