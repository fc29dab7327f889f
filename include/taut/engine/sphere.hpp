// SPDX-License-Identifier: Apache-2.0
// Normalization of one sample with elements in the lanes: each pooled run is centred by its mean and what rounding left
// of it (or is centred already: folded), divided by sqrt(variance + epsilon), scaled and shifted.
#pragma once
#include <array>
#include <cstddef>
#include <limits>
#include <taut/engine/stage.hpp>
#include <taut/simd/pivoted_sums.hpp>
#include <type_traits>

namespace taut::engine_stage {

/// Which gain an element has.
enum class gains_of {
  element,  ///< its own
  channel,  ///< that of its channel, over all positions
  token     ///< that of its place in the run
};

/// With d = x - mean, the variance is the mean of d^2 less rest^2, rest what rounding left of the mean: to the last digits
/// where rest^2 is at most this part of it; otherwise the run is centred once more.
inline constexpr float small_rest = 0x1p-6f;

/// The same for sums of n numbers about a pivot other than the rounded mean, as this part of the mean of d^2: |rest| is
/// then at most 1 or sqrt(3) stds. Further away, which the mean of a fair sample is not, the run is looked at again.
/// Long runs take more, since what batches state of their longer sums covers it.
constexpr float near_pivot(std::size_t n) { return n < 512 ? 0.5f : 0.75f; }

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

  /// Whether means are subtracted here.
  static constexpr bool subtracts = N::centred && !Centred;
  /// The mean of a run as two numbers, the rounded one, or one near it, and the rest, and its variance.
  struct moments {
    float mean = 0, rest = 0, variance = 0;
  };

  /// Whether all runs are measured before the first is scaled, so that the sums of one do not wait for the root of
  /// another: 0.79 to 0.95 of the time where x stays in the first cache, 1.1 where it does not.
  static constexpr bool measures_all_first = runs.groups > 1 && runs.groups <= 64 && size <= 8192;

  /// y = f(normalize(x)); x and y may be the same. Hands each run's variance to `observe`.
  template <class W, class Observe> constexpr void apply(const float* x, float* y, Observe&& observe) const {
    if constexpr (measures_all_first) {
      std::array<moments, runs.groups> of{};
      for (std::size_t run = 0; run < runs.groups; ++run) of[run] = moments_of<W>(x + run * runs.size);
      apply<W>(x, y, observe, [&of](std::size_t run) { return of[run]; });
    } else {
      apply<W>(x, y, observe,
               [x](std::size_t run) __attribute__((always_inline)) { return moments_of<W>(x + run * runs.size); });
    }
  }
  /// The same with the moments of each run.
  template <class W, class Observe, class Moments>
    requires std::is_invocable_r_v<moments, Moments, std::size_t>
  constexpr void apply(const float* x, float* y, Observe&& observe, Moments&& moments_of_run) const {
    using one = simd::one_of<W>;
    for (std::size_t run = 0; run < runs.groups; ++run) {
      const std::size_t first = run * runs.size;
      const moments of = moments_of_run(run);
      const float r = simd::reciprocal_sqrt(of.variance + epsilon);
      observe(of.variance);
      // scale (x - mean - rest) + shift, as scale (x - mean) + (shift - scale rest)
      const W mean = simd::broadcast<W>(of.mean);
      const auto scaled = [&](W v, const W& scale, const W& shift) __attribute__((always_inline)) {
        if constexpr (subtracts) v = v - mean;
        return simd::multiply_add(v, scale, shift);
      };
      if constexpr (which == gains_of::channel) {
        for (std::size_t at = first; at < first + runs.size; at += positions) {
          const float g = simd::as_written(r * gain[at / positions]), o = offset[at / positions];
          const W scale = simd::broadcast<W>(g);
          const W shift = simd::broadcast<W>(subtracts ? one::multiply_add(-of.rest, g, o) : o);
          write<W, positions>(x + at, y + at,
                              [&](std::size_t, W v) __attribute__((always_inline)) { return scaled(v, scale, shift); });
        }
      } else {
        const std::size_t from = which == gains_of::token ? 0 : first;
        const W scale = simd::broadcast<W>(r), shift = simd::broadcast<W>(simd::as_written(-of.rest * r));
        write<W, runs.size>(x + first, y + first, [&](std::size_t i, W v) __attribute__((always_inline)) {
          v = subtracts ? scaled(v, scale, shift) : v * scale;
          return simd::multiply_add(v, simd::load<W>(&gain[from + i]), simd::load<W>(&offset[from + i]));
        });
      }
    }
    pad<V, size>(y);
  }

  /// The moments of the run at x from its sums about a pivot, or, where that is far from the mean, from x: a distance
  /// whose square overflows is far, too, since about the mean the squares may well be finite. NaNs compare as far.
  template <class W, class S>
    requires subtracts
  static constexpr moments moments_about(const simd::pivoted_sums<S>& sums, const float* x) {
    constexpr auto n = static_cast<float>(1.0 / static_cast<double>(runs.size));
    moments of{sums.pivot, simd::as_written(simd::sum(sums.sum) * n), simd::as_written(simd::sum(sums.squares) * n)};
    const bool near = simd::as_written(of.rest * of.rest) <= of.variance * near_pivot(runs.size);
    if (!(near && of.variance <= std::numeric_limits<float>::max())) [[unlikely]]
      return moments_apart<W>(x);
    of.variance = simd::as_written(simd::one_of<W>::multiply_add(-of.rest, of.rest, of.variance));
    return of;
  }

 private:
  template <class W> [[gnu::noinline]] static constexpr moments moments_apart(const float* x) {
    return moments_of<W>(x);
  }
  template <class W> [[gnu::always_inline]] static constexpr moments moments_of(const float* x) {
    using one = simd::one_of<W>;
    constexpr auto n = static_cast<float>(1.0 / static_cast<double>(runs.size));
    moments of;
    if constexpr (!subtracts) {
      of.variance = simd::as_written(square_of<W>(x, [](const W& v) { return v; }) * n);
    } else {
      sums<W> sum, squares, rest;
      for_each_register<W>(x, [](const W& v) { return v; }, [&](std::size_t k, const W& v) { sum.add(k, v); });
      of.mean = simd::as_written(sum.total() * n);
      const W mean = simd::broadcast<W>(of.mean);
      for_each_register<W>(
          x, [&](const W& v) __attribute__((always_inline)) { return v - mean; },
          [&](std::size_t k, const W& d) __attribute__((always_inline)) {
            rest.add(k, d);
            squares.add_square(k, d);
          });
      of.rest = simd::as_written(rest.total() * n);
      of.variance = simd::as_written(squares.total() * n);
      if (of.rest * of.rest <= of.variance * small_rest) {
        of.variance = simd::as_written(one::multiply_add(-of.rest, of.rest, of.variance));
      } else {
        const W once_more = simd::broadcast<W>(of.rest);
        of.variance = simd::as_written(square_of<W>(x, [&](const W& v) { return (v - mean) - once_more; }) * n);
      }
    }
    // as written: contracted with what follows or not, it would depend on who observes it
    return of;
  }

  // Sums side by side, as many as hide the latency of an addition; none gets longer chains than a single one.
  template <class W> struct sums {
    static constexpr std::size_t registers = simd::ceil_div(runs.size, simd::width<W>);
    static constexpr std::size_t count = registers >= 4 ? 4 : registers >= 2 ? 2 : 1;
    W at[count];
    constexpr sums() {
      for (W& v : at) v = simd::broadcast<W>(0.0f);
    }
    [[gnu::always_inline]] constexpr void add(std::size_t k, const W& v) { at[k] = at[k] + v; }
    [[gnu::always_inline]] constexpr void add_square(std::size_t k, const W& v) {
      at[k] = simd::multiply_add(v, v, at[k]);
    }
    [[gnu::always_inline]] constexpr float total() const {
      if constexpr (count == 4) return simd::sum((at[0] + at[1]) + (at[2] + at[3]));
      else if constexpr (count == 2) return simd::sum(at[0] + at[1]);
      else return simd::sum(at[0]);
    }
  };
  // visit(k, f(v)) for the registers v of a run, with zeros behind it, k the sum it goes to.
  template <class W>
  [[gnu::always_inline]] static constexpr void for_each_register(const float* x, auto&& f, auto&& visit) {
    constexpr std::size_t width = simd::width<W>, count = sums<W>::count, whole = runs.size / width;
#pragma GCC unroll 1
    for (std::size_t i = 0; i + count <= whole; i += count)
#pragma GCC unroll 4
      for (std::size_t k = 0; k < count; ++k) visit(k, f(simd::load<W>(x + (i + k) * width)));
#pragma GCC unroll 4
    for (std::size_t k = 0; k < whole % count; ++k) visit(k, f(simd::load<W>(x + (whole / count * count + k) * width)));
    if constexpr (runs.size % width != 0)
      visit(whole % count, simd::select_first(f(simd::load<W>(x + whole * width)), runs.size % width));
  }
  template <class W> [[gnu::always_inline]] static constexpr float square_of(const float* x, auto&& f) {
    sums<W> squares;
    for_each_register<W>(x, f,
                         [&](std::size_t k, const W& v) __attribute__((always_inline)) { squares.add_square(k, v); });
    return squares.total();
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
