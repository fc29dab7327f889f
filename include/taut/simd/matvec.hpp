// SPDX-License-Identifier: Apache-2.0
//
// y = W x for a shape known to the compiler, one sample: block-interleaved panels. A register of the packed weights
// holds a few rows x 4 columns, so x is read by one 4-float broadcast per block of columns and the 4 registers of a
// panel accumulate independently; three add_pairs per panel give the sums in row order:
//     register a, position l  <->  row 4 (l / 4) + a, column l % 4.
// The last panel has as many registers as its rows need. Matrices of up to 8 rows use narrower registers, or hold more
// columns in each: 8 or 16 instead of 4; lanes narrower than 4 hold one, and so do 16 lanes that two to four panels
// fill. The weights are one stream, read once, in order. Example:
//   using kernel = matvec<native, 32, 64>;
//   kernel::apply(w, x, [&](std::size_t p, kernel::row_lane rows) { store(rows, y + p * kernel::panel_rows); });
#pragma once

#include <concepts>
#include <cstddef>
#include <taut/base/rounding.hpp>
#include <taut/simd/piece.hpp>
#include <taut/simd/scalar_matvec.hpp>
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

// The least of the widths `from`, 2 `from`, ... that holds n, at most `to`.
constexpr std::size_t least_width(std::size_t n, std::size_t from, std::size_t to) {
  while (from < n && from < to) from *= 2;
  return from;
}

}  // namespace detail

/// The product of a Rows x Cols matrix with a vector in lanes V or narrower; the layout depends on width<V> alone.
template <float_lane V, std::size_t Rows, std::size_t Cols> struct matvec;
template <float_lane V, std::size_t Rows, std::size_t Cols>
  requires(width<V> == 1)
struct matvec<V, Rows, Cols> : scalar_matvec<V, Rows, Cols> {};

template <float_lane V, std::size_t Rows, std::size_t Cols>
  requires(width<V> > 1)
struct matvec<V, Rows, Cols> {
  static_assert(Rows > 0 && Cols > 0);
  /// Rows of a panel, and floats and columns of a register: as few as there are rows, as wide as there are columns.
  static constexpr std::size_t panel_rows = width<V> < 4 ? width<V> : detail::least_width(Rows, 4, width<V>);
  static constexpr std::size_t lanes =
      width<V> < 4 ? width<V> : detail::least_width(panel_rows / 4 * Cols, panel_rows, width<V>);
  /// Whether rows fill all lanes of a few panels: then a register holds one column, and no sums are added across lanes.
  /// x is read as always, 4 columns at once, of which each is a permutation inside of fours.
  static constexpr bool by_columns =
      width<V> >= 16 && Rows % width<V> == 0 && Rows / width<V> >= 2 && Rows / width<V> <= 4 && Cols >= 4;
  static constexpr std::size_t columns = width<V> < 4 || by_columns ? 1 : 4 * lanes / panel_rows;
  /// The lanes that the sums are computed in, and those that hold the rows of a panel.
  using sum_lane = resized<V, lanes>;
  using row_lane = resized<V, panel_rows>;
  /// Panels and blocks of columns; rows of a register.
  static constexpr std::size_t panels = ceil_div(Rows, panel_rows);
  static constexpr std::size_t blocks = ceil_div(Cols, columns);
  static constexpr std::size_t register_rows = lanes / columns;
  /// Registers of a panel, and of the last one: no more than its rows need.
  static constexpr std::size_t panel_registers = panel_rows / register_rows;
  static constexpr std::size_t last_registers = ceil_div(Rows - (panels - 1) * panel_rows, register_rows);
  /// Rows that are handed over, and floats of packed weights.
  static constexpr std::size_t padded_rows = panels * panel_rows;
  static constexpr std::size_t size = ((panels - 1) * panel_registers + last_registers) * lanes * blocks;

  /// Packs the matrix of the given entries, entry(row, column) in double, rounding each once; out has `size` floats,
  /// padding is zero.
  template <class Entry>
    requires std::is_invocable_r_v<double, Entry, std::size_t, std::size_t>
  [[gnu::always_inline]] static constexpr void pack(Entry&& entry, float* out) {
    for (std::size_t first = 0; first < panels; first += together)
      for (std::size_t block = 0; block < blocks; ++block)
        for (std::size_t k = 0; k < sums_of(first); ++k)
          for (std::size_t l = 0; l < register_rows; ++l) {
            const std::size_t panel = first + k / panel_registers, a = k % panel_registers;
            const std::size_t row = panel * panel_rows + (in_order(panel) ? a * register_rows + l : l * 4 + a);
            for (std::size_t col = block * columns; col < (block + 1) * columns; ++col)
              *out++ = row < Rows && col < Cols ? static_cast<float>(entry(row, col)) : 0.0f;
          }
  }
  /// The same for a row-major matrix.
  static constexpr void pack(const double* row_major, float* out) {
    pack([row_major](std::size_t row, std::size_t col) { return row_major[row * Cols + col]; }, out);
  }
  /// Where the packed weights hold this entry.
  static constexpr std::size_t index(std::size_t row, std::size_t column) {
    const std::size_t panel = row / panel_rows, line = row % panel_rows, first = panel / together * together;
    const std::size_t a = in_order(panel) ? line / register_rows : line % 4;
    const std::size_t l = in_order(panel) ? line % register_rows : line / 4;
    const std::size_t place = column / columns * sums_of(first) + (panel - first) * panel_registers + a;
    return (first * panel_registers * blocks + place) * lanes + l * columns + column % columns;
  }

  /// Panels computed at once, so many that their accumulators fit the registers (32 of 16 floats, 16 of 8 or of 4) and
  /// hide the latency of the multiply-add.
  static constexpr std::size_t together_most = columns == 1 ? 4 : width<V> >= 16 ? 4 : 2;
  static constexpr std::size_t together = panels < together_most ? panels : together_most;
  /// Whether x may be in registers: all panels are computed at once, with every block of columns written out.
  static constexpr bool takes_registers =
      width<V> >= 4 && panels <= together && blocks * panels * panel_registers <= 64;

  /// epilogue(panel, rows) for each panel in order (constants if all are computed at once); rows holds the sums of rows
  /// panel * panel_rows, ... @pre w is packed and aligned to the size of V; x is a pointer to Cols floats, of which
  /// nothing more is read, or (where it `takes_registers`) those.
  template <class X, class Epilogue>
  [[gnu::always_inline]] static constexpr void apply(const float* w, const X& x, Epilogue&& epilogue) {
    if constexpr (looped > 0) {
#pragma GCC unroll 1
      for (std::size_t first = 0; first < looped; first += together)
        group<together, together * panel_registers>(w + first * panel_registers * lanes * blocks, x, first, epilogue);
    }
    if constexpr (looped < panels)
      group<panels - looped, sums_of(looped)>(w + looped * panel_registers * lanes * blocks, x,
                                              std::integral_constant<std::size_t, looped>{}, epilogue);
  }

  /// The parts of the columns that are added up by themselves: part_of(column) < parts(); one part where groups differ.
  static constexpr std::size_t part_of(std::size_t column) {
    if (!split_alike()) return 0;
    const std::size_t beside = split_of(sums_of(0)) * columns, last = stretches_of(full / split_of(sums_of(0)));
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
    const double whole = cost_of(sums_of(0), norm, frobenius);
    const double rest = split_alike() ? 0 : cost_of(sums_of(looped), norm, frobenius);
    return rest == 0 ? whole
                     : rounded::sqrt_up(rounded::add_up(rounded::mul_up(whole, whole), rounded::mul_up(rest, rest)));
  }
  /// How many parts there are.
  static constexpr std::size_t parts() {
    if (!split_alike()) return 1;
    return (stretches_of(full / split_of(sums_of(0))) + 1) * split_of(sums_of(0)) * columns;
  }
  /// No result has passed through more roundings than this.
  static constexpr std::size_t longest = blocks + 8;

 private:
  // Whether the registers of a panel hold rows in order, register a the rows a * register_rows, ...: if it has not all
  // registers, or its lanes one column. Row order then takes a permutation across lanes.
  static constexpr bool in_order(std::size_t panel) {
    return columns == 1 || (panel == panels - 1 && last_registers < panel_registers);
  }
  // The registers of the group of panels from `first` on.
  static constexpr std::size_t sums_of(std::size_t first) {
    return panels - first > together ? together * panel_registers
                                     : (panels - 1 - first) * panel_registers + last_registers;
  }
  // Panels computed in a loop, whole groups; the others are written out.
  static constexpr std::size_t looped =
      panels <= together ? 0 : (last_registers < panel_registers ? panels - 1 : panels) / together * together;
  // Blocks of columns that are full.
  static constexpr std::size_t full = Cols / columns;
  // Long sums are added in stretches of so many steps, whose totals are sums of their own: a term of a chain of n steps
  // goes through 2 sqrt(n) roundings instead of n.
  static constexpr std::size_t stretch = 16;
  static constexpr std::size_t stretches_of(std::size_t steps) { return steps >= 2 * stretch ? steps / stretch : 0; }
  // Sums that run side by side in a row of a group of so many registers, for each of `columns`: as many as hide the
  // latency of the multiply-add. Four registers of few blocks are not split: to add the halves would take as long.
  static constexpr std::size_t split_of(std::size_t sums) {
    const bool few = sums == 4 && blocks <= 4;
    std::size_t split = columns == 1 ? 4 : sums <= 1 ? 8 : sums <= 2 ? 4 : sums <= 4 && !few ? 2 : 1;
    while (split > blocks) split /= 2;
    return split;
  }
  // Whether the last group, if it is smaller, is split as the others are.
  static constexpr bool split_alike() {
    return looped == 0 || looped == panels || split_of(sums_of(looped)) == split_of(sums_of(0));
  }
  // The roundings of such a group, each with the norm that bounds its sums.
  static constexpr double cost_of(std::size_t sums, double norm, double frobenius) {
    const std::size_t split = split_of(sums), beside = split * columns;
    const std::size_t steps = ceil_div(blocks, split), stretches = stretches_of(full / split);
    const std::size_t longest_stretch = stretches == 0 ? steps : stretch;
    const auto additions = [&](std::size_t times, std::size_t disjoint) {
      const double each = rounded::mul_up(norm, rounded::sqrt_up(static_cast<double>(disjoint)));
      return rounded::mul_up(static_cast<double>(times), each < frobenius ? each : frobenius);
    };
    double cost = rounded::add_up(additions(longest_stretch, beside * (stretches + 1)), additions(stretches, beside));
    for (std::size_t left = beside / 2; left > 0; left /= 2) cost = rounded::add_up(cost, additions(1, left));
    return cost;
  }

  // Registers are worth writing out. Scalars are too, but block by block: firmware has little memory for code. An
  // emulated register is a loop already.
  template <std::size_t N, class F> [[gnu::always_inline]] static constexpr void repeat_sums(F&& f) {
    detail::repeat<N, detail::in_register<V> || width<V> == 1>(f);
  }

  template <std::size_t Count, std::size_t Sums, class X, class First, class Epilogue>
  [[gnu::always_inline]] static constexpr void group(const float* w, const X& x, First first, Epilogue&& epilogue) {
    using lane = sum_lane;
    constexpr std::size_t sums = Sums, step = sums * lanes;
    // A group of few sums is split, block by block, to have enough independent additions; scalars in four, so that
    // their sums round as little as those of a register, whose four columns are sums of their own.
    constexpr std::size_t split = split_of(sums);
    // Short sums begin with products instead of zeros: a latency less of an addition.
    constexpr bool begins_with_products = width<V> >= 4 && blocks * sums <= 64;
    lane sum[split][sums];
    // adds block `b` of the columns, whose weights are at w + b * step and whose columns are `in`
    const auto block = [&]<class B>(auto s, B b, const lane& in) __attribute__((always_inline)) {
      const float* const weights = w + b * step;
      repeat_sums<sums>([&](auto k) __attribute__((always_inline)) {
        const lane entries = load_aligned<lane>(weights + k * lanes);
        if constexpr (begins_with_products && requires { B::value; }) {
          if constexpr (B::value < split) sum[s][k] = entries * in;
          else sum[s][k] = multiply_add(entries, in, sum[s][k]);
        } else {
          sum[s][k] = multiply_add(entries, in, sum[s][k]);
        }
      });
    };
    // adds blocks [i split, i split + N)
    const auto add = [&]<class I, std::size_t N>(
                         I i, std::integral_constant<std::size_t, N>) __attribute__((always_inline)) {
      const auto number = [&](auto s) __attribute__((always_inline)) {
        if constexpr (requires { I::value; }) return std::integral_constant<std::size_t, I::value * split + s>{};
        else return i * split + s;
      };
      if constexpr (N == 0) {
      } else if constexpr (by_columns) {
        const lane four = as_written(columns_of<lane, 4, Cols>(x, i));  // else clang loads each column by itself
        detail::repeat<N>([&](auto s)
                              __attribute__((always_inline)) { block(s, number(s), column_of_fours<s>(four)); });
      } else {
        detail::repeat<N>([&](auto s) __attribute__((always_inline)) {
          block(s, number(s), columns_of<lane, columns, Cols>(x, number(s)));
        });
      }
    };
    const auto zeros = [&](auto& sums_of_part) __attribute__((always_inline)) {
      repeat_sums<split * sums>([&](auto k)
                                    __attribute__((always_inline)) { sums_of_part[k / sums][k % sums] = lane(0.0f); });
    };
    constexpr std::size_t steps = full / split, stretches = stretches_of(steps);
    static_assert(stretches == 0 || !begins_with_products);
    constexpr std::integral_constant<std::size_t, split> all{};
    constexpr std::integral_constant<std::size_t, blocks - steps * split> rest{};
    constexpr std::integral_constant<std::size_t, steps> last{};
    if constexpr (!begins_with_products) zeros(sum);
    if constexpr (!std::is_pointer_v<X> || (detail::in_register<V> && blocks * sums <= 64)) {
      detail::repeat<steps>([&](auto i) __attribute__((always_inline)) { add(i, all); });
      add(last, rest);
    } else {
      const auto add_steps = [&](std::size_t from, std::size_t count) __attribute__((always_inline)) {
#pragma GCC unroll 1
        for (std::size_t i = from; i < from + count; ++i) add(i, all);
      };
      lane total[split][sums];
      if constexpr (stretches > 0) {
        zeros(total);
#pragma GCC unroll 1
        for (std::size_t i = 0; i < stretches; ++i) {
          add_steps(i * stretch, stretch);
          repeat_sums<split * sums>([&](auto k) __attribute__((always_inline)) {
            total[k / sums][k % sums] += sum[k / sums][k % sums];
            sum[k / sums][k % sums] = lane(0.0f);
          });
        }
      }
      constexpr std::size_t begin = !begins_with_products ? stretches * stretch : steps > 0 ? 1 : 0;
      if constexpr (begins_with_products && steps > 0) add(std::integral_constant<std::size_t, 0>{}, all);
      add_steps(begin, steps - begin);
      add(last, rest);
      if constexpr (stretches > 0)
        repeat_sums<split * sums>([&](auto k) __attribute__((always_inline)) {
          sum[k / sums][k % sums] = total[k / sums][k % sums] + sum[k / sums][k % sums];
        });
    }
    merge<split>([&](auto to, auto from) __attribute__((always_inline)) {
      repeat_sums<sums>([&](auto k) __attribute__((always_inline)) { sum[to][k] = sum[to][k] + sum[from][k]; });
    });
    detail::repeat<Count>([&](auto p) __attribute__((always_inline)) {
      constexpr std::size_t at = p * panel_registers, left = sums - at;
      const row_lane rows = rows_of<(left < panel_registers ? left : panel_registers)>(&sum[0][at]);
      if constexpr (std::integral<First>) epilogue(first + p, rows);
      else epilogue(std::integral_constant<std::size_t, First::value + p>{}, rows);
    });
  }

  // Adds the upper half of so many sums to the lower, until one is left.
  template <std::size_t Split, class Add> [[gnu::always_inline]] static constexpr void merge(Add&& add) {
    if constexpr (Split > 1) {
      detail::repeat<Split / 2>(
          [&](auto s) __attribute__((always_inline)) { add(s, std::integral_constant<std::size_t, s + Split / 2>{}); });
      merge<Split / 2>(add);
    }
  }

  // The sums of a panel of so many registers, in row order.
  template <std::size_t Registers> [[gnu::always_inline]] static constexpr row_lane rows_of(const sum_lane* a) {
    if constexpr (columns == 1) {
      return a[0];
    } else {
      const auto at = [&](auto k) __attribute__((always_inline)) {
        if constexpr (k < Registers) return a[k];
        else return sum_lane(0.0f);
      };
      const sum_lane lower = add_pairs(a[0], at(std::integral_constant<std::size_t, 1>{}));
      const sum_lane upper = Registers <= 2 ? sum_lane(0.0f)
                                            : add_pairs(at(std::integral_constant<std::size_t, 2>{}),
                                                        at(std::integral_constant<std::size_t, 3>{}));
      const sum_lane fours = add_pairs(lower, upper);
      const auto rows = [&]() __attribute__((always_inline)) {
        if constexpr (columns == 4) return fours;
        else if constexpr (lanes == 2 * panel_rows) return fours_added(fours);
        else return quarters_added(fours);
      };
      if constexpr (Registers < panel_registers) return columns_first(rows());
      else return rows();
    }
  }
};

}  // namespace taut::simd
