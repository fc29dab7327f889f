// SPDX-License-Identifier: Apache-2.0
// What the kernels of a plan's stages share. Their types depend on shapes and layers only, not on the network or the
// position, so equal blocks of a deep network share one function.
//
// Convention for buffers: what lies behind the outputs is not defined; a stage may write up to the next multiple of the
// lane width there, and load one register more, but not use it. Small dense stages hand their outputs over in registers.
// `owed` is the factor that the true input has over what x holds: only dense stages owe, and only to dense stages.
#pragma once
#include <array>
#include <concepts>
#include <cstddef>
#include <taut/engine/plan.hpp>
#include <taut/net/evaluate.hpp>
#include <taut/simd/lane.hpp>
#include <type_traits>
#include <utility>

namespace taut {

/// The observer that looks at nothing: costs nothing.
struct no_observer {
  constexpr void operator()(float) const {}
};

}  // namespace taut

namespace taut::engine_stage {

/// Hands the std of layer `layer` to an observer. Its type does not depend on the layer, so equal stages stay equal.
template <class Observe> struct watcher {
  Observe& observe;
  std::size_t layer;
  constexpr void operator()(float variance) const {
    const float std = simd::sqrt(variance);
    if constexpr (std::invocable<Observe&, std::size_t, float>) observe(layer, std);
    else observe(std);
  }
};
template <class Observe> constexpr auto watch(Observe& observe, std::size_t layer) {
  if constexpr (std::same_as<std::remove_cv_t<Observe>, no_observer>) return no_observer{};
  else return watcher<Observe>{observe, layer};
}

/// n rounded up to whole registers of V.
template <class V> constexpr std::size_t padded(std::size_t n) {
  return simd::ceil_div(n, simd::width<V>) * simd::width<V>;
}

/// The pointwise layers behind a stage, as one function.
template <class... Acts> struct epilogue {
  static constexpr bool keeps_zero = (Acts::homogeneous && ...);
  static constexpr bool empty = sizeof...(Acts) == 0;
  template <class V> [[gnu::always_inline]] static constexpr V apply(V x) {
    ((x = Acts::apply(x)), ...);
    return x;
  }
};

/// The epilogue of `Count` layers from First on.
template <class Net, std::size_t First, class Indices> struct epilogue_of;
template <class Net, std::size_t First, std::size_t... I> struct epilogue_of<Net, First, std::index_sequence<I...>> {
  using type = epilogue<layer_of<Net, First + I>...>;
};
template <class Net, std::size_t First, std::size_t Count> using epilogue_from =
    typename epilogue_of<Net, First, std::make_index_sequence<Count>>::type;

/// The normalizer of a stage, or void.
template <class Net, std::size_t S> constexpr auto normalizer_type() {
  constexpr auto plan = engine_plan::plan_of<Net>.at[S];
  if constexpr (plan.normalized) return std::type_identity<layer_of<Net, plan.normalizer>>{};
  else return std::type_identity<void>{};
}

/// Factors and offsets per input column that a stage leaves to the next affine layer, none at first; `Most` is the
/// widest of a network.
template <std::size_t Most> struct inherited {
  std::array<double, Most> factor = filled<double, Most>(1), offset = filled<double, Most>(0);
  bool waited = false;  ///< whether the outputs have waited for the root of their scale
};

/// What the scalings behind an affine layer do to its rows: y_i -> scale_i y_i + shift_i; nothing at first.
template <std::size_t Rows> struct row_scaling {
  std::array<double, Rows> scale = filled<double, Rows>(1), shift = filled<double, Rows>(0);

  /// Another scaling behind those before.
  template <class L, class Q> constexpr void then(const Q& q) {
    for (std::size_t i = 0; i < Rows; ++i) {
      const double a = L::scale(q, i);
      scale[i] *= a;
      shift[i] = a * shift[i] + L::shift(q, i);
    }
  }
};

/// Gains and offsets of a normalizer in double; nothing for a stage without one.
template <std::size_t Rows> struct normalizer_values {
  bool centred = false;
  double epsilon = 0;
  std::array<double, Rows> gain{}, offset{};

  template <class N, class Q> [[gnu::noinline]] static constexpr normalizer_values of(const Q& q) {
    normalizer_values v{N::centred, N::epsilon};
    for (std::size_t i = 0; i < Rows; ++i) v.gain[i] = N::gain(q, i), v.offset[i] = N::offset(q, i);
    return v;
  }
};

/// Writes the first n floats of v.
template <class W> [[gnu::always_inline]] constexpr void store_first(const W& v, float* p, std::size_t n) {
  if (n >= simd::width<W>) {
    simd::store(v, p);
  } else {
    float line[simd::width<W>]{};
    simd::store(v, line);
    for (std::size_t i = 0; i < n; ++i) p[i] = line[i];
  }
}

/// y[i] = f(x[i]) for i < Size, whole registers at once, then zeros up to the next multiple of the width of V. x and y
/// may be the same.
template <class W, std::size_t Size, class F>
[[gnu::always_inline]] constexpr void transform(const float* x, float* y, F&& f) {
  constexpr std::size_t width = simd::width<W>;
  for (std::size_t i = 0; i < Size; i += width) {
    W z = f(i, simd::load<W>(x + i));
    if (i + width > Size) z = simd::select_first(z, Size - i);
    simd::store(z, y + i);
  }
}

/// Zeros behind the outputs.
template <class W, std::size_t Size> [[gnu::always_inline]] constexpr void pad(float* y) {
  for (std::size_t i = Size; i < padded<W>(Size); ++i) y[i] = 0;
}

/// The nonlinearities behind a stage on its outputs, and zeros behind them.
template <class W, std::size_t Size, class Epilogue> [[gnu::always_inline]] constexpr void finish_in_place(float* y) {
  if constexpr (Epilogue::empty) pad<W, Size>(y);
  else transform<W, Size>(y, y, [](std::size_t, W z) __attribute__((always_inline)) { return Epilogue::apply(z); });
}

}  // namespace taut::engine_stage
