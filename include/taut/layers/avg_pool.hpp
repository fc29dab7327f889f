// SPDX-License-Identifier: Apache-2.0
// AvgPool<K>: y = the mean of each window of K positions (K x K on images), channel by channel. AvgPool<Height, Width>:
// windows that are not square, on images. Padding counts as zeros (count_include_pad = True).
//
// Options     stride<s> (the window), padding<p> (0; at most half the window)
// Lipschitz   at most sqrt(c n) / m for windows of m positions, of which n lie on the input (n < m where all reach into
//             the padding), and c windows at most that contain one position: sqrt(c / m); exact where none overlap
// Gradient    dx = the sum of dy / m over the windows that contain it
// Example     Input<3, 8, 8> >> AvgPool<2>
#pragma once
#include <numeric>
#include <taut/net/layer.hpp>
#include <taut/net/pool.hpp>
#include <taut/simd/lane.hpp>

namespace taut::layer {

/// The mean of sliding windows.
template <std::size_t Height, std::size_t Width, class... Options> struct avg_pool
    : configurable<avg_pool<Height, Width, Options...>> {
  using pool = pool_windows<Height, Width, Options...>;
  static constexpr auto name = pool::name("AvgPool");
  using options = base::list<Options...>;
  using takes = base::list<option::stride_key, option::padding_key>;
  template <class... More> using with = avg_pool<Height, Width, More...>;

  static constexpr fusion reads = fusion::mixing;
  static constexpr bool homogeneous = true;
  static constexpr bool keeps_range = true, by_channel = true;
  /// Zeros from outside are not shifted.
  static constexpr bool carries_shifts = pool::padding.first == 0 && pool::padding.second == 0;
  static constexpr auto wants = pool::wants;
  static constexpr bool accepts(shape in) { return pool::accepts(in); }
  static constexpr shape output(shape in) { return pool::output(in); }
  static constexpr std::size_t multiply_adds(shape in) { return output(in).size() * pool::over(in).window(); }

  template <shape In, class V> static constexpr void forward(const auto&, const V* x, V* y) {
    for_each_window(pool::over(In), [&](std::size_t o, auto&& positions) {
      V sum(0);
      positions([&](std::size_t i) { sum = sum + x[i]; });
      y[o] = sum * share<In, V>();
    });
  }

  /// One sample.
  template <shape In, simd::float_lane W> static constexpr void run(const auto&, const float* x, float* y) {
    pool_in_lanes<in_long_rows(pool::over(In)), W>(
        x, y, 0.0f, [](const auto& a, const auto& b) { return a + b; },
        []<class V>(const V& v) { return v * share<In, V>(); }, [](const W&, std::size_t) {});
  }

  /// A register of samples.
  template <shape In, simd::float_lane W> static constexpr void run_lanes(const auto&, const W* x, W* y) {
    pool_of_samples<pool::over(In), W>(
        x, y, [](const W& a, const W& b) { return a + b; }, [](const W& v) { return v * share<In, W>(); },
        [](const W&) {});
  }

  template <shape In, class P, class V>
  static constexpr void gradient(const P&, const V*, const V*, const V* dy, V* dx, P&) {
    for (std::size_t i = 0; i < In.size(); ++i) dx[i] = V(0);
    for_each_window(pool::over(In), [&](std::size_t o, auto&& positions) {
      const V each = dy[o] * share<In, V>();
      positions([&](std::size_t i) { dx[i] = dx[i] + each; });
    });
  }

  // ||A||^2 <= ||A||_1 ||A||_infinity (Schur): columns sum to at most c / m, rows to at most n / m. Without overlap A
  // A' is diagonal with the entries n / m^2.
  static constexpr auto lipschitz(shape in) {
    const window_geometry w = accepts(in) ? pool::over(in) : window_geometry{1, 1, 1, 1, 1, 1, 1, 0, 0};
    const std::size_t over = w.overlap() * w.covered(), under = w.window() * w.window(), common = std::gcd(over, under);
    return sqrt(constant(static_cast<double>(over / common)) / constant(static_cast<double>(under / common)));
  }
  static constexpr double curvature(shape) { return 0; }  ///< linear
  /// A sum of m terms, 1 / m and the product: (m + 1) roundings of the mean of |x|.
  static constexpr kernel_error accuracy(shape in) {
    return {.of_input = rounded::mul_up(static_cast<double>(pool::over(in).window() + 1), lipschitz(in).value().upper)};
  }

 private:
  template <shape In, class V> static constexpr V share() {
    return simd::number<V>(1.0 / static_cast<double>(pool::over(In).window()));
  }
};

}  // namespace taut::layer

namespace taut {
/// The mean of each window: `AvgPool<2>`, or `AvgPool<2, 3>` (height, width). Options: stride, padding.
template <std::size_t A, std::size_t B = A> inline constexpr layer::avg_pool<A, B> AvgPool{};
}  // namespace taut
