// SPDX-License-Identifier: Apache-2.0
// The kernels of a plan's stages. Their types depend on shapes and layers only, not on the network or the position, so
// equal blocks of a deep network share one function.
//
// Convention for buffers: a stage writes its outputs and zeros (or finite values) up to the next multiple of the lane
// width; a stage reads no further than that. `owed` is the factor that the true input has over what x holds.
#pragma once
#include <array>
#include <cstddef>
#include <taut/engine/plan.hpp>
#include <taut/net/evaluate.hpp>
#include <taut/simd/lane.hpp>
#include <taut/simd/matvec.hpp>

namespace taut::engine_stage {

/// n rounded up to whole registers of V.
template <class V> constexpr std::size_t padded(std::size_t n) {
  return (n + simd::width<V> - 1) / simd::width<V> * simd::width<V>;
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

/// Factors and offsets per input column that a stage leaves to the next affine layer; `Most` is the widest of a
/// network.
template <std::size_t Most> struct inherited {
  std::array<double, Most> factor = filled<double, Most>(1);
  std::array<double, Most> offset{};
};

/// What a dense stage needs to know of the normalizer inside it; nothing for a stage without one.
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

/// y = f(normalize(W x + b)) or y = f(W x + b), weights packed in the layout of V.
template <class V, std::size_t Rows, std::size_t Cols, engine_plan::scheme Scale, class Epilogue> struct dense {
  using scheme = engine_plan::scheme;
  using matvec = simd::matvec<V, Rows, Cols>;
  static constexpr bool normalizes = Scale != scheme::none;
  static constexpr bool may_apply = Scale == scheme::applied || Scale == scheme::owed_if_offset_zero;
  static constexpr std::size_t affine_rows = may_apply ? matvec::padded_rows : 0;
  static constexpr std::size_t alignment = simd::width<V> * sizeof(float);

  alignas(alignment) std::array<float, matvec::size> weight{};
  alignas(alignment) std::array<float, matvec::padded_rows> bias{};
  alignas(alignment) std::array<float, affine_rows> gain{};
  alignas(alignment) std::array<float, affine_rows> offset{};
  float epsilon = 0;
  bool owes = Scale == scheme::owed;

  /// Folds the parameters of affine layer A (and of the normalizer behind it) in double and packs them, with what the
  /// stage before has left; replaces that by what is left to the next stage.
  template <class A, shape In, std::size_t Most> constexpr void fold(const parameters_of_layer<A, In>& p,
                                                                     const normalizer_values<Rows>& norm,
                                                                     inherited<Most>& carried) {
    const inherited<Most> before = carried;
    carried = {};
    std::array<double, Rows> sign = filled<double, Rows>(1), b{};
    if constexpr (normalizes) {
      epsilon = static_cast<float>(norm.epsilon);
      if constexpr (Scale == scheme::owed_if_offset_zero) {
        owes = true;
        for (const double o : norm.offset) owes = owes && o == 0;
      }
      for (std::size_t i = 0; i < Rows; ++i) {
        if (owes) {
          sign[i] = norm.gain[i] < 0 && !Epilogue::empty ? -1 : 1;
          carried.factor[i] = norm.gain[i] * sign[i];
          carried.offset[i] = Epilogue::empty ? norm.offset[i] : 0;
        } else if constexpr (may_apply) {
          gain[i] = static_cast<float>(norm.gain[i]);
          offset[i] = static_cast<float>(norm.offset[i]);
        }
      }
    }
    const auto entry = [&](std::size_t row, std::size_t column) {
      return A::weight(p, row, column) * before.factor[column];
    };
    double mean_bias = 0;
    for (std::size_t row = 0; row < Rows; ++row) {
      b[row] = A::bias(p, row);
      for (std::size_t column = 0; column < Cols; ++column) b[row] += A::weight(p, row, column) * before.offset[column];
      mean_bias += b[row] / static_cast<double>(Rows);
    }
    std::array<double, Cols> mean{};
    if (norm.centred) {
      for (std::size_t row = 0; row < Rows; ++row)
        for (std::size_t column = 0; column < Cols; ++column) mean[column] += entry(row, column);
      for (double& m : mean) m /= static_cast<double>(Rows);
    } else {
      mean_bias = 0;
    }
    for (std::size_t row = 0; row < Rows; ++row) bias[row] = static_cast<float>(sign[row] * (b[row] - mean_bias));
    matvec::pack([&](std::size_t row, std::size_t column) { return sign[row] * (entry(row, column) - mean[column]); },
                 weight.data());
  }

  /// Runs the stage in lanes W (V, or the portable lanes of the same width); returns the factor owed by y, and hands
  /// the normalizer's variance to `observe`.
  template <class W, class Observe>
  [[gnu::always_inline]] constexpr float run(const float* x, float owed, float* y, Observe&& observe) const {
    using kernel = simd::matvec<W, Rows, Cols>;
    constexpr std::size_t width = simd::width<W>;
    const W factor = simd::broadcast<W>(owed);
    W squares = simd::broadcast<W>(0.0f);
    kernel::apply(weight.data(), x, [&](std::size_t panel, W sums) __attribute__((always_inline)) {
      const W z = simd::multiply_add(sums, factor, simd::load_aligned<W>(&bias[panel * width]));
      if constexpr (normalizes) squares = simd::multiply_add(z, z, squares);
      if (!normalizes || owes) finish<W>(panel, z, y);
      else simd::store_aligned(z, y + panel * width);
    });
    if constexpr (!normalizes) {
      return 1.0f;
    } else {
      // as written: contracted with the sum below or not, it would depend on who observes it
      const float variance = simd::as_written(simd::sum(squares) * static_cast<float>(1.0 / static_cast<double>(Rows)));
      const float r = simd::reciprocal_sqrt(variance + epsilon);
      observe(variance);
      if constexpr (may_apply) {
        if (!owes) {
          const W scale = simd::broadcast<W>(r);
          for (std::size_t panel = 0; panel < kernel::panels; ++panel) {
            const W z = simd::load_aligned<W>(y + panel * width) * scale;
            finish<W>(panel,
                      simd::multiply_add(z, simd::load_aligned<W>(&gain[panel * width]),
                                         simd::load_aligned<W>(&offset[panel * width])),
                      y);
          }
          return 1.0f;
        }
      }
      return r;
    }
  }

 private:
  // The nonlinearities, and zeros in the padding if they do not keep them.
  template <class W> [[gnu::always_inline]] static constexpr void finish(std::size_t panel, W z, float* y) {
    z = Epilogue::apply(z);
    constexpr std::size_t rest = Rows % simd::width<W>;
    if constexpr (rest != 0 && !Epilogue::keeps_zero) {
      if (panel == matvec::panels - 1) z = simd::select_first(z, rest);
    }
    simd::store_aligned(z, y + panel * simd::width<W>);
  }
};

/// One layer (a normalizer on its own, or a mixing layer) by its reference text, one float a lane, then the
/// nonlinearities.
template <class V, class L, shape In, class Epilogue> struct single {
  static constexpr shape out = L::output(In);
  static constexpr std::size_t inputs = In.size(), outputs = out.size();
  parameters_of_layer<L, In> values{};

  template <class W, class Observe> constexpr float run(const float* x, float owed, float* y, Observe&& observe) const {
    using one = simd::portable<1>;  // not float: compilers would contract its products, and each in its own way
    std::array<one, inputs> from;
    std::array<one, outputs> to;
    for (std::size_t i = 0; i < inputs; ++i) from[i] = one(x[i]) * one(owed);
    if constexpr (L::reads == fusion::normalizer) {
      constexpr pooling runs = L::pooled(In);
      for (std::size_t run = 0; run < runs.groups; ++run)
        observe(simd::sum(normalizer::measure<L>(from.data() + run * runs.size, runs.size).variance));
    }
    forward<L, In>(values, from.data(), to.data());
    for (std::size_t i = 0; i < outputs; ++i) y[i] = simd::sum(Epilogue::apply(to[i]));
    for (std::size_t i = outputs; i < padded<V>(outputs); ++i) y[i] = 0;
    return 1.0f;
  }
};

/// Pointwise layers on their own.
template <class V, std::size_t Size, class Epilogue> struct elementwise {
  template <class W, class Observe> constexpr float run(const float* x, float owed, float* y, Observe&&) const {
    constexpr std::size_t width = simd::width<W>;
    const W factor = simd::broadcast<W>(owed);
    for (std::size_t i = 0; i < Size; i += width) {
      W z = Epilogue::apply(simd::load<W>(x + i) * factor);
      if (i + width > Size) z = simd::select_first(z, Size - i);
      simd::store_aligned(z, y + i);
    }
    return 1.0f;
  }
};

}  // namespace taut::engine_stage
