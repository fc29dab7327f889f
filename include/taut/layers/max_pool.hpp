// SPDX-License-Identifier: Apache-2.0
// MaxPool<K>: y = the largest x of each window of K positions (K x K on images), channel by channel. MaxPool<Height,
// Width>: windows that are not square, on images. Padded positions never win; NaN in a window gives NaN.
//
// Options     stride<s> (the window), padding<p> (0; at most half the window)
// Lipschitz   sqrt(c), exact; c is the largest number of windows that contain one position (1 where none overlap)
// Gradient    dx = the sum of dy over the windows whose first maximum it is
// Example     Input<3, 8, 8> >> MaxPool<2>
#pragma once
#include <array>
#include <limits>
#include <taut/net/layer.hpp>
#include <taut/net/pool.hpp>
#include <taut/simd/lane.hpp>

namespace taut::layer {

/// The maximum of sliding windows.
template <std::size_t Height, std::size_t Width, class... Options> struct max_pool
    : configurable<max_pool<Height, Width, Options...>> {
  using pool = pool_windows<Height, Width, Options...>;
  static constexpr auto name = pool::name("MaxPool");
  using options = base::list<Options...>;
  using takes = base::list<option::stride_key, option::padding_key>;
  template <class... More> using with = max_pool<Height, Width, More...>;

  static constexpr fusion reads = fusion::mixing;
  static constexpr bool homogeneous = true, carries_shifts = true;
  static constexpr bool keeps_range = true, by_channel = true;
  static constexpr auto wants = pool::wants;
  static constexpr bool accepts(shape in) { return pool::accepts(in); }
  static constexpr shape output(shape in) { return pool::output(in); }
  static constexpr std::size_t multiply_adds(shape) { return 0; }  // comparisons only

  template <shape In, class V> static constexpr void forward(const auto&, const V* x, V* y) {
    for_each_window(pool::over(In), [&](std::size_t o, auto&& positions) {
      V largest = simd::number<V>(-rounded::infinity), witness(0);
      positions([&](std::size_t i) {
        largest = simd::max(largest, x[i]);
        witness = witness + simd::min(x[i], V(0));  // never positive, and NaN if and only if one of them is NaN
      });
      y[o] = simd::select(simd::less(witness, V(1)), largest, witness);
    });
  }

  /// One sample. Where the sum of what is looked at is no number, an element may be NaN: then the definition decides.
  template <shape In, simd::float_lane W> static constexpr void run(const auto& p, const float* x, float* y) {
    W sums[2]{W(0.0f), W(0.0f)};
    pool_in_lanes<in_long_rows(pool::over(In)), W>(
        x, y, -std::numeric_limits<float>::infinity(), [](const auto& a, const auto& b) { return simd::max(a, b); },
        [](const auto& v) { return v; }, [&sums](const W& v, std::size_t k) { sums[k] = sums[k] + v; });
    if (const float sum = simd::sum(sums[0] + sums[1]); !(sum - sum == 0)) {
      std::array<simd::portable<1>, In.size()> from{};
      std::array<simd::portable<1>, output(In).size()> to{};
      for (std::size_t i = 0; i < from.size(); ++i) from[i] = x[i];
      forward<In>(p, from.data(), to.data());
      for (std::size_t i = 0; i < to.size(); ++i) y[i] = simd::sum(to[i]);
    }
  }

  /// A register of samples, likewise.
  template <shape In, simd::float_lane W> static constexpr void run_lanes(const auto& p, const W* x, W* y) {
    W sum(0.0f);
    pool_of_samples<pool::over(In), W>(
        x, y, [](const W& a, const W& b) { return simd::max(a, b); }, [](const W& v) { return v; },
        [&sum](const W& v) { sum = sum + v; });
    if (const float all = simd::sum(sum); !(all - all == 0)) forward<In>(p, x, y);
  }

  template <shape In, class P, class V>
  static constexpr void gradient(const P&, const V* x, const V* y, const V* dy, V* dx, P&) {
    for (std::size_t i = 0; i < In.size(); ++i) dx[i] = V(0);
    for_each_window(pool::over(In), [&](std::size_t o, auto&& positions) {
      V left = dy[o];  // what no position has taken yet
      positions([&](std::size_t i) {
        const auto smaller = simd::less(x[i], y[o]);
        dx[i] = dx[i] + simd::select(smaller, V(0), left);
        left = simd::select(smaller, left, V(0));
      });
    });
  }

  static constexpr kernel_error accuracy(shape) { return {}; }

  // |y - y'|^2 <= the sum over windows of the largest (x_i - x'_i)^2 in it <= c |x - x'|^2; attained where a position
  // of c windows is the largest of them all.
  static constexpr auto lipschitz(shape in) {
    return sqrt(constant(static_cast<double>(accepts(in) ? pool::over(in).overlap() : 1)));
  }
};

}  // namespace taut::layer

namespace taut {
/// The largest element of each window: `MaxPool<2>`, or `MaxPool<2, 3>` (height, width). Options: stride, padding.
template <std::size_t A, std::size_t B = A> inline constexpr layer::max_pool<A, B> MaxPool{};
}  // namespace taut
