// SPDX-License-Identifier: Apache-2.0
// The stages with samples in the lanes: x[register][element], `count` registers of samples; owed[register] is the factor
// that the true inputs have over what x holds. What a stage computes for a sample is what its `run` computes, in another
// order of additions. Observers are not called.
//
// A stage that is not here states run_lanes(x, owed, y, count) itself; a network with one that does not runs its
// batches sample by sample.
#pragma once
#include <array>
#include <concepts>
#include <cstddef>
#include <taut/engine/convolve.hpp>
#include <taut/engine/dense.hpp>
#include <taut/engine/single.hpp>
#include <taut/engine/stage.hpp>
#include <taut/simd/batch_convolution.hpp>
#include <taut/simd/batch_product.hpp>
#include <tuple>
#include <type_traits>
#include <utility>

namespace taut::engine_stage {

/// f(i, k) for i < Size in order, k = i % 4 a constant: for sums side by side.
template <std::size_t Size, class F> [[gnu::always_inline]] constexpr void four_beside(F&& f) {
  for (std::size_t i = 0; i + 4 <= Size; i += 4)
    simd::detail::repeat<4>([&](auto k) __attribute__((always_inline)) { f(i + k, k); });
  simd::detail::repeat<Size % 4>([&](auto k) __attribute__((always_inline)) { f(Size / 4 * 4 + k, k); });
}
/// Such sums, and their total: of Size terms a chain of at most Size / 4 + 2 additions.
template <class W> struct four_sums {
  W at[4]{W(0.0f), W(0.0f), W(0.0f), W(0.0f)};
  [[gnu::always_inline]] constexpr W total() const { return (at[0] + at[1]) + (at[2] + at[3]); }
};

/// The sum of the squares of centre(x).
template <class W, std::size_t Size, class Centre>
[[gnu::always_inline]] constexpr W squares_of(const W* x, Centre&& centre) {
  four_sums<W> squares;
  four_beside<Size>([&](std::size_t i, auto k) __attribute__((always_inline)) {
    const W c = centre(x[i]);
    squares.at[k] = simd::multiply_add(c, c, squares.at[k]);
  });
  return squares.total();
}
/// The sum of f(x).
template <class W, std::size_t Size, class F> [[gnu::always_inline]] constexpr W sum_of_lanes(const W* x, F&& f) {
  four_sums<W> sum;
  four_beside<Size>([&](std::size_t i, auto k) __attribute__((always_inline)) { sum.at[k] = sum.at[k] + f(x[i]); });
  return sum.total();
}

/// The sums of d = x - mean and of its squares, likewise.
template <class W> struct lane_moments {
  W sum, squares;
};
template <class W, std::size_t Size>
[[gnu::always_inline]] constexpr lane_moments<W> moments_of_lanes(const W* x, const W& mean) {
  four_sums<W> sum, squares;
  four_beside<Size>([&](std::size_t i, auto k) __attribute__((always_inline)) {
    const W d = x[i] - mean;
    sum.at[k] = sum.at[k] + d;
    squares.at[k] = simd::multiply_add(d, d, squares.at[k]);
  });
  return {sum.total(), squares.total()};
}

/// A dense stage, for `Registers` registers of samples.
template <std::size_t Registers, class Dense, class W>
[[gnu::always_inline]] constexpr void run_dense(const Dense& stage, const W* x, W* owed, W* y) {
  constexpr std::size_t rows = Dense::row_count, columns = Dense::column_count;
  using act = typename Dense::pointwise;
  using product = simd::batch_product<W, typename Dense::matvec, rows, columns>;
  const auto each = [](auto&& f) __attribute__((always_inline)) { simd::detail::repeat<Registers>(f); };
  // always a factor: with several registers in flight a division is cheaper than what a square needs in every row
  using in_scale = arriving<W, engine_plan::owed_as::factor>;
  const auto scales = [&]<std::size_t... I>(std::index_sequence<I...>) __attribute__((always_inline)) {
    return std::array<in_scale, Registers>{in_scale(owed[I])...};
  }(std::make_index_sequence<Registers>{});
  W squares[Registers];
  if constexpr (Dense::normalizes)
    each([&](auto v) __attribute__((always_inline)) { squares[v] = scales[v].in_units(W(stage.epsilon[0])); });
  product::template apply<Registers>(
      stage.weight.data(), x, columns,
      [&]<std::size_t Count>(std::size_t first, std::integral_constant<std::size_t, Count>, auto& sums)
          __attribute__((always_inline)) {
            W square[Registers];
            simd::detail::repeat<Count>([&](auto r) __attribute__((always_inline)) {
              const W bias = simd::broadcast<W>(stage.bias[first + r]);
              each([&](auto v) __attribute__((always_inline)) {
                W z = scales[v].affine(sums[r][v], bias, stage.biased, stage.waited);
                if constexpr (Dense::normalizes) {
                  if constexpr (decltype(r)::value == 0)
                    square[v] = Count == rows ? simd::multiply_add(z, z, squares[v]) : z * z;
                  else square[v] = simd::multiply_add(z, z, square[v]);
                }
                if (!Dense::normalizes || !stage.waits) z = act::apply(z);
                y[v * rows + first + r] = z;
              });
            });
            if constexpr (Dense::normalizes)
              each([&](auto v) __attribute__((always_inline)) {
                squares[v] = Count == rows ? square[v] : squares[v] + square[v];
              });
          });
  constexpr bool owes = Dense::scaling.owes();
  if constexpr (Dense::normalizes)
    each([&](auto v) __attribute__((always_inline)) {
      const W root = simd::sqrt(squares[v]);
      owed[v] = W(1.0f) / root;
      squares[v] = owes ? root : owed[v];  // what offsets wait for
    });
  if constexpr (Dense::may_wait) {
    if (stage.waits) {
      for (std::size_t i = 0; i < rows; ++i) {
        const W gain = simd::broadcast<W>(stage.gain[i]), offset = simd::broadcast<W>(stage.offset[i]);
        each([&](auto v) __attribute__((always_inline)) {
          W& at = y[v * rows + i];
          at = owes ? lifted<act>(at * gain, squares[v], offset) : applied<act>(at * gain, squares[v], offset);
        });
      }
    }
  }
  if constexpr (!owes) each([&](auto v) __attribute__((always_inline)) { owed[v] = W(1.0f); });
}

/// The stage for all its registers of samples.
template <class W, class Stage>
  requires requires { typename Stage::matvec; }
constexpr void run_lanes(const Stage& stage, const W* x, W* owed, W* y, std::size_t count) {
  const auto go = [&]<std::size_t N>(std::integral_constant<std::size_t, N>) __attribute__((always_inline)) {
#pragma GCC unroll 1
    for (; count >= N; count -= N, x += N * Stage::column_count, y += N * Stage::row_count, owed += N)
      run_dense<N>(stage, x, owed, y);
  };
  using product = simd::batch_product<W, typename Stage::matvec, Stage::row_count, Stage::column_count>;
  if constexpr (product::at_once > 1) go(std::integral_constant<std::size_t, product::at_once>{});
  go(std::integral_constant<std::size_t, 1>{});
}

/// y = f(x).
template <class W, class V, std::size_t Size, class Epilogue>
constexpr void run_lanes(const elementwise<V, Size, Epilogue>&, const W* x, W*, W* y, std::size_t count) {
  for (std::size_t i = 0; i < count * Size; ++i) y[i] = Epilogue::apply(x[i]);
}

template <class W, class V, std::size_t Size, class Epilogue>
constexpr void run_lanes(const scaled<V, Size, Epilogue>& stage, const W* x, W*, W* y, std::size_t count) {
  for (std::size_t v = 0; v < count; ++v)
    for (std::size_t i = 0; i < Size; ++i) {
      const W c = x[v * Size + i] - simd::broadcast<W>(stage.middle[i]);
      y[v * Size + i] = Epilogue::apply(
          simd::multiply_add(c, simd::broadcast<W>(stage.factor[i]), simd::broadcast<W>(stage.offset[i])));
    }
}

/// y = f(normalize(x)), for a register of samples; x and y may be the same.
template <class W, class V, class N, shape In, bool Centred, class Epilogue>
constexpr void normalize_lanes(const sphere<V, N, In, Centred, Epilogue>& by, const W* x, W* y) {
  using values = sphere<V, N, In, Centred, Epilogue>;
  constexpr pooling runs = values::runs;
  constexpr auto n = static_cast<float>(1.0 / static_cast<double>(runs.size));
  for (std::size_t run = 0; run < runs.groups; ++run) {
    const std::size_t first = run * runs.size;
    W mean(0.0f), rest(0.0f), variance(0.0f);
    const auto centre = [&](W v) __attribute__((always_inline)) {
      if constexpr (N::centred && !Centred) return (v - mean) - rest;
      else return v;
    };
    const auto centred_square = [&] { return simd::as_written(squares_of<W, runs.size>(x + first, centre) * n); };
    if constexpr (N::centred && !Centred) {  // as in sphere.hpp: a sample's variance does not depend on its neighbours
      mean = simd::as_written(sum_of_lanes<W, runs.size>(x + first, [](W v) { return v; }) * n);
      const auto [left, squares] = moments_of_lanes<W, runs.size>(x + first, mean);
      rest = simd::as_written(left * n);
      const W square = simd::as_written(squares * n), lost = simd::as_written(rest * rest);
      const auto much = simd::less(simd::as_written(square * small_rest), lost);
      variance = simd::as_written(simd::multiply_add(-rest, rest, square));
      if (simd::sum(simd::select(much, W(1.0f), W(0.0f))) > 0)
        variance = simd::select(much, centred_square(), variance);
    } else {
      variance = centred_square();
    }
    const W r = simd::reciprocal_sqrt(variance + by.epsilon);
    for (std::size_t i = first; i < first + runs.size; ++i) {
      const std::size_t at = values::which == gains_of::token     ? i - first
                             : values::which == gains_of::channel ? i / values::positions
                                                                  : i;
      y[i] = Epilogue::apply(
          simd::multiply_add(centre(x[i]) * r, simd::broadcast<W>(by.gain[at]), simd::broadcast<W>(by.offset[at])));
    }
  }
}

template <class W, class V, class N, shape In, class Epilogue>
constexpr void run_lanes(const normalized<V, N, In, Epilogue>& stage, const W* x, W*, W* y, std::size_t count) {
  for (std::size_t v = 0; v < count; ++v) normalize_lanes(stage.normalize, x + v * In.size(), y + v * In.size());
}

template <class W, class V, std::size_t Rows, std::size_t Cols, class N, shape Out, class Epilogue>
constexpr void run_lanes(const dense_in_runs<V, Rows, Cols, N, Out, Epilogue>& stage, const W* x, W* owed, W* y,
                         std::size_t count) {
  run_lanes(stage.affine, x, owed, y, count);
  for (std::size_t v = 0; v < count; ++v) normalize_lanes(stage.normalize, y + v * Rows, y + v * Rows);
}

/// y = f(normalize(conv(x) + b)).
template <class W, class V, simd::convolution_shape S, std::size_t Outputs, class Sphere, class Epilogue>
constexpr void run_lanes(const convolve<V, S, Outputs, Sphere, Epilogue>& stage, const W* x, W*, W* y,
                         std::size_t count) {
  using kernel = typename convolve<V, S, Outputs, Sphere, Epilogue>::kernel;
  constexpr bool normalizes = convolve<V, S, Outputs, Sphere, Epilogue>::normalizes;
  const auto finish = [](const W& z) __attribute__((always_inline)) {
    if constexpr (normalizes) return z;
    else return Epilogue::apply(z);
  };
#pragma GCC unroll 1
  for (std::size_t v = 0; v < count; ++v, x += S.in_size(), y += Outputs) {
    simd::batch_convolution<W, kernel, S>::apply(stage.weight.data(), stage.bias.data(), x, y, finish);
    if constexpr (normalizes) normalize_lanes(stage.normalize, y, y);
  }
}

/// y = f(layer(x)) for a mixing layer: by its kernel run_lanes<In, W>(p, x, y), if it states one, else by the text that
/// training and the reference run.
template <class W, class V, class L, shape In, class Epilogue>
constexpr void run_lanes(const mixing<V, L, In, Epilogue>& stage, const W* x, W*, W* y, std::size_t count) {
  constexpr std::size_t outputs = mixing<V, L, In, Epilogue>::outputs;
  for (std::size_t v = 0; v < count; ++v) {
    W* const to = y + v * outputs;
    if constexpr (requires { L::template run_lanes<In, W>(stage.values, x, to); })
      L::template run_lanes<In, W>(stage.values, x + v * In.size(), to);
    else forward<L, In>(stage.values, x + v * In.size(), to);
    if constexpr (!Epilogue::empty)
      for (std::size_t i = 0; i < outputs; ++i) to[i] = Epilogue::apply(to[i]);
  }
}

/// y = f(combine(x, the outputs of the networks inside)), in lanes if all those networks run in lanes.
template <class W, class V, class L, shape In, class Epilogue, class... Engines>
  requires(Engines::template in_lanes<W>() && ...)
constexpr void run_lanes(const block<V, L, In, Epilogue, Engines...>& stage, const W* x, W*, W* y, std::size_t count) {
  constexpr std::size_t outputs = L::output(In).size();
  for (std::size_t v = 0; v < count; ++v, x += In.size(), y += outputs) {
    std::tuple<std::array<W, Engines::network_type::output_size>...> out;
    base::for_each_index<sizeof...(Engines)>(
        [&]<std::size_t K>() { std::get<K>(stage.inside).run_lanes(x, std::get<K>(out).data()); });
    std::apply([&](const auto&... each) { L::template combine<In>(x, y, each.data()...); }, out);
    if constexpr (!Epilogue::empty)
      for (std::size_t i = 0; i < outputs; ++i) y[i] = Epilogue::apply(y[i]);
  }
}

/// Whether a stage has a form with samples in the lanes of W.
template <class Stage, class W>
concept runs_in_lanes = std::same_as<Stage, nothing> || requires(const Stage& stage, const W* x, W* y) {
  stage.run_lanes(x, y, y, std::size_t{});
} || requires(const Stage& stage, const W* x, W* y) { run_lanes(stage, x, y, y, std::size_t{}); };

}  // namespace taut::engine_stage
