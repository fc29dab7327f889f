// SPDX-License-Identifier: Apache-2.0
// Normalization of one sample with elements in the lanes: each pooled run is centred by its mean and what rounding left
// of it (or is centred already: folded), divided by sqrt(variance + epsilon), scaled and shifted.
#pragma once
#include <array>
#include <cstddef>
#include <taut/engine/stage.hpp>

namespace taut::engine_stage {

/// Which gain an element has.
enum class gains_of {
  element,  ///< its own
  channel,  ///< that of its channel, over all positions
  token     ///< that of its place in the run
};

/// The normalizer N on inputs of shape In, with the nonlinearities behind it. `Centred`: the runs have mean 0 already.
template <class V, class N, shape In, bool Centred, class Epilogue> struct sphere {
  static constexpr pooling runs = N::pooled(In);
  static constexpr std::size_t size = In.size(), positions = In.positions();
  static constexpr gains_of which = [] {
    if constexpr (requires { N::over_last; }) {
      if (N::over_last) return gains_of::token;
    }
    if constexpr (requires { N::kind::per_channel; }) {
      if (N::kind::per_channel && positions > 1 && runs.size % positions == 0) return gains_of::channel;
    }
    return gains_of::element;
  }();
  static constexpr std::size_t gains = which == gains_of::token     ? runs.size
                                       : which == gains_of::channel ? In.channels()
                                                                    : size;
  // one register more than there are gains may be loaded
  static constexpr std::size_t stored = which == gains_of::channel ? gains : padded<V>(gains) + simd::width<V>;

  std::array<float, stored> gain{}, offset{};
  float epsilon = 0;

  /// Takes the values of a normalizer.
  template <class Q> constexpr void load(const Q& q) {
    epsilon = static_cast<float>(N::epsilon);
    for (std::size_t i = 0; i < gains; ++i) {
      const std::size_t element = which == gains_of::channel ? i * positions : i;
      gain[i] = static_cast<float>(N::gain(q, element));
      offset[i] = static_cast<float>(N::offset(q, element));
    }
  }

  /// y = f(normalize(x)); x and y may be the same. Hands each run's variance to `observe`.
  template <class W, class Observe> constexpr void apply(const float* x, float* y, Observe&& observe) const {
    constexpr auto n = static_cast<float>(1.0 / static_cast<double>(runs.size));
    for (std::size_t run = 0; run < runs.groups; ++run) {
      const std::size_t first = run * runs.size;
      float mean = 0, rest = 0;
      if constexpr (N::centred && !Centred) {
        mean = simd::as_written(sum_of<W>(x + first, [](W v) { return v; }) * n);
        rest = simd::as_written(sum_of<W>(x + first, [&](W v) { return v - simd::broadcast<W>(mean); }) * n);
      }
      const auto centre = [&](W v) __attribute__((always_inline)) {
        if constexpr (N::centred && !Centred) return (v - simd::broadcast<W>(mean)) - simd::broadcast<W>(rest);
        else return v;
      };
      // as written: contracted with the sum below or not, it would depend on who observes it
      const float variance = simd::as_written(square_of<W>(x + first, centre) * n);
      const W r = simd::broadcast<W>(simd::reciprocal_sqrt(variance + epsilon));
      observe(variance);
      if constexpr (which == gains_of::channel) {
        for (std::size_t at = first; at < first + runs.size; at += positions) {
          const W g = simd::broadcast<W>(gain[at / positions]), o = simd::broadcast<W>(offset[at / positions]);
          write<W, positions>(x + at, y + at, [&](std::size_t, W v) __attribute__((always_inline)) {
            return simd::multiply_add(centre(v) * r, g, o);
          });
        }
      } else {
        const std::size_t from = which == gains_of::token ? 0 : first;
        write<W, runs.size>(x + first, y + first, [&](std::size_t i, W v) __attribute__((always_inline)) {
          return simd::multiply_add(centre(v) * r, simd::load<W>(&gain[from + i]), simd::load<W>(&offset[from + i]));
        });
      }
    }
    pad<V, size>(y);
  }

 private:
  // The sum of f over a run, and of its squares.
  template <class W> [[gnu::always_inline]] static constexpr float sum_of(const float* x, auto&& f) {
    constexpr std::size_t width = simd::width<W>;
    W sum = simd::broadcast<W>(0.0f);
    for (std::size_t i = 0; i < runs.size; i += width) sum = sum + kept(f(simd::load<W>(x + i)), i);
    return simd::sum(sum);
  }
  template <class W> [[gnu::always_inline]] static constexpr float square_of(const float* x, auto&& f) {
    constexpr std::size_t width = simd::width<W>;
    W sum = simd::broadcast<W>(0.0f);
    for (std::size_t i = 0; i < runs.size; i += width) {
      const W c = kept(f(simd::load<W>(x + i)), i);
      sum = simd::multiply_add(c, c, sum);
    }
    return simd::sum(sum);
  }
  template <class W> [[gnu::always_inline]] static constexpr W kept(const W& v, std::size_t i) {
    if constexpr (runs.size % simd::width<W> == 0) return v;
    else return i + simd::width<W> <= runs.size ? v : simd::select_first(v, runs.size - i);
  }
  // y[i] = f(i, x[i]) for i < Size and nothing behind.
  template <class W, std::size_t Size>
  [[gnu::always_inline]] static constexpr void write(const float* x, float* y, auto&& f) {
    constexpr std::size_t width = simd::width<W>, whole = Size / width * width;
    for (std::size_t i = 0; i < whole; i += width) simd::store(Epilogue::apply(f(i, simd::load<W>(x + i))), y + i);
    if constexpr (whole < Size)
      store_first<W>(Epilogue::apply(f(whole, simd::load<W>(x + whole))), y + whole, Size - whole);
  }
};

}  // namespace taut::engine_stage
