// SPDX-License-Identifier: Apache-2.0
// The stage of a dense affine layer: scalings and centring are folded into its weights in double, packed once; one pass
// computes the sums, their squares where they are normalized, and the nonlinearities.
#pragma once
#include <array>
#include <concepts>
#include <cstddef>
#include <taut/engine/scale.hpp>
#include <taut/engine/sphere.hpp>
#include <taut/engine/stage.hpp>
#include <taut/simd/matvec.hpp>
#include <taut/simd/piece.hpp>
#include <type_traits>

namespace taut::engine_stage {

/// y = f(normalize(W x + b)) over all rows, or y = f(W x + b), weights packed in the layout of V.
template <class V, std::size_t Rows, std::size_t Cols, engine_plan::schemes Scale, class Epilogue> struct dense {
  using scheme = engine_plan::scheme;
  using owed_as = engine_plan::owed_as;
  using pointwise = Epilogue;
  static constexpr std::size_t row_count = Rows, column_count = Cols;
  static constexpr engine_plan::schemes scaling = Scale;
  using matvec = simd::matvec<V, Rows, Cols>;
  static constexpr std::size_t size = Rows;
  static constexpr bool normalizes = Scale.scale != scheme::none;
  static constexpr bool may_wait = Scale.scale == scheme::applied || Scale.scale == scheme::owed_with_offset;
  static constexpr std::size_t affine_rows = may_wait ? matvec::padded_rows : 0;
  /// The outputs as registers, for a stage that takes them; few enough to stay there.
  template <class W> using outputs =
      simd::registers<simd::resized<W, matvec::panel_rows>, matvec::panels <= matvec::together ? matvec::panels : 0>;
  static constexpr bool takes_registers = matvec::takes_registers;
  static constexpr bool gives_registers = simd::width<V> >= 4 && matvec::panels <= matvec::together;
  /// Whether it can write exactly the outputs.
  static constexpr bool writes_exactly = gives_registers || Rows % matvec::panel_rows == 0;
  static constexpr std::size_t alignment = matvec::lanes * sizeof(float),
                               row_alignment = matvec::panel_rows * sizeof(float);

  alignas(alignment) std::array<float, matvec::size> weight{};
  alignas(row_alignment) std::array<float, matvec::padded_rows> bias{};
  alignas(row_alignment) std::array<float, affine_rows> gain{};
  alignas(row_alignment) std::array<float, affine_rows> offset{};
  alignas(row_alignment) std::array<float, normalizes ? matvec::panel_rows : 0> epsilon{};  ///< n epsilon, 0, 0, ...
  bool biased = false;                                                                      ///< whether a bias is not 0
  bool waited = false;                          ///< whether inputs have waited for the root of their scale
  bool waits = Scale.scale == scheme::applied;  ///< whether outputs wait for the scale: for offsets at least

  /// Folds the parameters p of affine layer A, the scalings behind it and the normalizer behind them in double and
  /// packs them, with what the stage before has left; replaces that by what is left to the next stage. `Run` rows are
  /// centred together.
  template <class A, std::size_t Run, class P, std::size_t Most>
  constexpr void fold(const P& p, const row_scaling<Rows>& rows, const normalizer_values<Rows>& norm,
                      inherited<Most>& carried) {
    const inherited<Most> before = carried;
    carried = {};
    waited = before.waited;
    std::array<double, Rows> sign = filled<double, Rows>(1), b{};
    if constexpr (normalizes) {
      constexpr double count = static_cast<double>(Rows), root = simd::sqrt(count);
      epsilon[0] = static_cast<float>(norm.epsilon * count);
      if constexpr (Scale.scale == scheme::owed_with_offset) {
        waits = false;
        for (const double o : norm.offset) waits = waits || o != 0;
      }
      for (std::size_t i = 0; i < Rows; ++i) {
        if (!waits) {
          sign[i] = norm.gain[i] < 0 && !Epilogue::empty ? -1 : 1;
          carried.factor[i] = norm.gain[i] * sign[i] * root;
          carried.offset[i] = Epilogue::empty ? norm.offset[i] : 0;
        } else if constexpr (may_wait) {
          gain[i] = static_cast<float>(norm.gain[i] * root);
          offset[i] = static_cast<float>(norm.offset[i]);
        }
      }
    }
    const auto entry = [&](std::size_t row, std::size_t column) {
      return rows.scale[row] * A::weight(p, row, column) * before.factor[column];
    };
    for (std::size_t row = 0; row < Rows; ++row) {
      b[row] = A::bias(p, row);
      for (std::size_t column = 0; column < Cols; ++column) b[row] += A::weight(p, row, column) * before.offset[column];
      b[row] = rows.scale[row] * b[row] + rows.shift[row];
    }
    // the mean of the rows of a run is subtracted, column by column
    constexpr std::size_t runs = Rows / Run;
    std::array<double, runs * Cols> mean{};
    if (norm.centred) {
      constexpr double share = 1 / static_cast<double>(Run);
      for (std::size_t run = 0; run < runs; ++run) {
        double mean_bias = 0;
        for (std::size_t row = run * Run; row < (run + 1) * Run; ++row) {
          mean_bias += b[row];
          for (std::size_t column = 0; column < Cols; ++column) mean[run * Cols + column] += entry(row, column);
        }
        for (std::size_t column = 0; column < Cols; ++column) mean[run * Cols + column] *= share;
        for (std::size_t row = run * Run; row < (run + 1) * Run; ++row) b[row] -= mean_bias * share;
      }
    }
    matvec::pack([&](std::size_t row,
                     std::size_t column) { return sign[row] * (entry(row, column) - mean[row / Run * Cols + column]); },
                 weight.data());
    carried.waited = waits;
    biased = false;
    for (std::size_t row = 0; row < Rows; ++row) {
      bias[row] = static_cast<float>(sign[row] * b[row]);
      biased = biased || bias[row] != 0;
    }
  }

  /// Runs the stage in lanes W (V, or the portable lanes of the same width) on an x that is owed such a scale; returns
  /// what y is owed, and hands the normalizer's variance to `observe`. x: floats, or registers if it `takes_registers`;
  /// y: a buffer of matvec::padded_rows aligned floats, simd::exactly the outputs, or registers.
  template <class W, class X, class Owed, class Y, class Observe>
  [[gnu::always_inline]] constexpr auto run(const X& x, Owed owed, Y&& y, Observe&& observe) const {
    using kernel = simd::matvec<W, Rows, Cols>;
    using lane = typename kernel::row_lane;
    constexpr bool observed = normalizes && !std::same_as<std::remove_cvref_t<Observe>, no_observer>;
    const arriving_as<lane, Scale.arrives, Owed> in(owed);
    lane squares = simd::broadcast<lane>(0.0f), seen = squares;
    if constexpr (normalizes) squares = in.in_units(simd::load_aligned<lane>(epsilon.data()));
    // what has to wait for the scale stays in registers, or in a buffer where it is too much for them
    outputs<W> waiting;
    kernel::apply(weight.data(), x, [&](auto panel, const lane& sums) __attribute__((always_inline)) {
      const lane z = in.affine(sums, at<lane>(bias, panel), biased, waited);
      if constexpr (normalizes) squares = simd::multiply_add(z, z, squares);
      if constexpr (observed) seen = simd::multiply_add(z, z, seen);
      if constexpr (!may_wait) finish(panel, Epilogue::apply(z), y);
      else if constexpr (gives_registers) waiting.at[panel] = z;
      else if (waits) simd::store(z, floats(y) + panel * simd::width<lane>);
      else finish(panel, Epilogue::apply(z), y);
    });
    if constexpr (!normalizes) {
      return nothing_owed{};
    } else {
      constexpr auto share = static_cast<float>(1.0 / static_cast<double>(Rows));
      if constexpr (observed) observe(simd::as_written(simd::sum(in.in_true_units(seen)) * share));
      const auto square = simd::sum_everywhere(squares);
      // what the next stage needs, too, is computed once: on Zen 4 roots keep other operations from starting
      constexpr bool leaves_root = Scale.owes() && Scale.leaves == owed_as::square;
      float root = 1;
      if constexpr (leaves_root) root = simd::first_of(simd::sqrt(square));
      if constexpr (may_wait) {
        const auto each_panel = [](auto&& f) __attribute__((always_inline)) {
          simd::detail::repeat<kernel::panels, gives_registers>(f);
        };
        if (waits) {
          const lane scale = [&]() __attribute__((always_inline)) {
            if constexpr (leaves_root) return simd::broadcast<lane>(root);
            else if constexpr (Scale.owes()) return simd::sqrt(simd::broadcast<lane>(simd::first_of(square)));
            else return simd::broadcast<lane>(simd::first_of(simd::reciprocal_sqrt(square)));
          }();
          each_panel([&](auto panel) __attribute__((always_inline)) {
            lane z;
            if constexpr (gives_registers) z = waiting.at[panel];
            else z = simd::load<lane>(floats(y) + panel * simd::width<lane>);
            z = z * at<lane>(gain, panel);
            const lane o = at<lane>(offset, panel);
            finish(panel, Scale.owes() ? lifted<Epilogue>(z, scale, o) : applied<Epilogue>(z, scale, o), y);
          });
          if constexpr (Scale.owes() && !leaves_root) return simd::first_of(lane(1.0f) / scale);
        } else if constexpr (gives_registers) {
          each_panel([&](auto panel)
                         __attribute__((always_inline)) { finish(panel, Epilogue::apply(waiting.at[panel]), y); });
        }
      }
      if constexpr (!Scale.owes()) return nothing_owed{};
      else if constexpr (leaves_root) return square_and_root{simd::first_of(square), root};
      else return simd::first_of(simd::reciprocal_sqrt(square));
    }
  }

 private:
  static constexpr float* floats(float* y) { return y; }
  static constexpr float* floats(const simd::exactly<Rows>& y) { return y.at; }
  template <class Z, std::size_t Size>
  [[gnu::always_inline]] static constexpr Z at(const std::array<float, Size>& values, std::size_t panel) {
    return simd::load_aligned<Z>(&values[panel * simd::width<Z>]);
  }
  // Writes a panel of outputs, and zeros in the padding if the nonlinearities do not keep them.
  template <class Z, class Y> [[gnu::always_inline]] static constexpr void finish(auto panel, Z z, Y& y) {
    constexpr std::size_t width = simd::width<Z>, rest = Rows % width;
    if constexpr (std::same_as<Y, simd::exactly<Rows>>) {
      if constexpr (rest == 0) simd::store(z, y.at + panel * width);
      else simd::store_first<panel == matvec::panels - 1 ? rest : width>(z, y.at + panel * width);
    } else {
      if constexpr (rest != 0 && !Epilogue::keeps_zero) {
        if (panel == matvec::panels - 1) z = simd::select_first(z, rest);
      }
      if constexpr (std::is_pointer_v<Y>) simd::store_aligned(z, y + panel * width);
      else y.at[panel] = z;
    }
  }
};

/// y = f(normalize(W x + b)) with a normalizer N of several runs of rows: its centring is folded run by run.
template <class V, std::size_t Rows, std::size_t Cols, class N, shape Out, class Epilogue> struct dense_in_runs {
  dense<V, Rows, Cols, engine_plan::schemes{}, epilogue<>> affine;
  sphere<V, N, Out, N::centred, Epilogue> normalize;

  template <class W, class Observe> constexpr float run(const float* x, float owed, float* y, Observe&& observe) const {
    affine.template run<W>(x, owed, y, no_observer{});
    normalize.template apply<W>(y, y, observe);
    return 1.0f;
  }
};

}  // namespace taut::engine_stage
