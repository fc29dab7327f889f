// SPDX-License-Identifier: Apache-2.0
// GlobalAvgPool: y = the mean of each channel over all its positions; C x L and C x H x W become a vector of C.
//
// Lipschitz   1 / sqrt(positions), exact: attained by inputs that are constant on each channel
// Gradient    dx = dy / positions
// Example     Input<8, 4, 4> >> GlobalAvgPool >> Linear<10>
#pragma once
#include <taut/net/layer.hpp>
#include <taut/simd/lane.hpp>

namespace taut::layer {

/// The mean of each channel.
struct global_avg_pool : layer_base {
  static constexpr auto name = base::say("GlobalAvgPool");
  static constexpr fusion reads = fusion::mixing;
  static constexpr bool homogeneous = true, carries_shifts = true;
  static constexpr bool keeps_range = true, by_channel = true;
  static constexpr auto wants = base::say("C x L or C x H x W");
  static constexpr bool accepts(shape in) { return in.rank == 2 || in.rank == 3; }
  static constexpr shape output(shape in) { return shape{in.channels()}; }
  static constexpr std::size_t multiply_adds(shape in) { return in.size(); }

  template <shape In, class V> static constexpr void forward(const auto&, const V* x, V* y) {
    constexpr std::size_t positions = In.positions();
    for (std::size_t channel = 0; channel < In.channels(); ++channel) {
      V sum(0);
      for (std::size_t i = 0; i < positions; ++i) sum = sum + x[channel * positions + i];
      y[channel] = sum * share<In, V>();
    }
  }

  /// One sample, positions in the lanes of a few sums.
  template <shape In, simd::float_lane W> static constexpr void run(const auto&, const float* x, float* y) {
    constexpr std::size_t width = simd::width<W>, size = In.positions(), sums = size >= 4 * width ? 4 : 1;
    for (std::size_t channel = 0; channel < In.channels(); ++channel, x += size) {
      W sum[sums];
      for (W& s : sum) s = W(0.0f);
      std::size_t i = 0;
      for (; i + sums * width <= size; i += sums * width)
        for (std::size_t k = 0; k < sums; ++k) sum[k] = sum[k] + simd::load<W>(x + i + k * width);
      for (; i + width <= size; i += width) sum[0] = sum[0] + simd::load<W>(x + i);
      if constexpr (size % width != 0) sum[0] = sum[0] + simd::select_first(simd::load<W>(x + i), size % width);
      if constexpr (sums == 4) sum[0] = (sum[0] + sum[1]) + (sum[2] + sum[3]);
      y[channel] = simd::as_written(simd::sum(sum[0]) * share<In, float>());
    }
  }

  template <shape In, class P, class V>
  static constexpr void gradient(const P&, const V*, const V*, const V* dy, V* dx, P&) {
    for (std::size_t i = 0; i < In.size(); ++i) dx[i] = dy[i / In.positions()] * share<In, V>();
  }

  static constexpr auto lipschitz(shape in) {
    return constant(1) / sqrt(constant(static_cast<double>(in.positions())));
  }
  static constexpr double curvature(shape) { return 0; }  ///< linear
  /// As for AvgPool.
  static constexpr kernel_error accuracy(shape in) {
    return {.of_input = rounded::mul_up(static_cast<double>(in.positions() + 1), lipschitz(in).value().upper)};
  }

 private:
  template <shape In, class V> static constexpr V share() {
    return simd::number<V>(1.0 / static_cast<double>(In.positions()));
  }
};

}  // namespace taut::layer

namespace taut {
/// The mean of each channel over all its positions.
inline constexpr layer::global_avg_pool GlobalAvgPool{};
}  // namespace taut
