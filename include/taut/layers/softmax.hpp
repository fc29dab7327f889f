// SPDX-License-Identifier: Apache-2.0
// Softmax: y_i = e^(x_i) / sum over j of e^(x_j), over all features of a vector, or over the channels at each position
// (PyTorch's dim=1). The largest x is subtracted first: no overflow, and small y are as accurate as large ones.
//
// Lipschitz   1/2, exact: approached where two features share all the weight; 0 for one channel, whose output is 1
// Range       [0, 1]
// Gradient    dx_i = y_i (dy_i - sum over j of y_j dy_j)
// Example     Input<64> >> Linear<10> >> Softmax
#pragma once
#include <taut/net/sector.hpp>
#include <taut/net/softmax.hpp>
#include <taut/simd/lane.hpp>

namespace taut::layer {

/// Shares that sum to 1.
struct softmax : distribution_layer<softmax> {
  static constexpr auto name = base::say("Softmax");
  static constexpr output_range range{0, 1};
  static constexpr std::size_t multiply_adds(shape in) { return 12 * in.size(); }  // 10 for an exponential

  /// One element of each channel: read(i) and write(i, v) for i = 0, positions, 2 positions, ...
  template <shape In, class V> static constexpr void over_channels(auto&& read, auto&& write) {
    V most = read(0), sum(0), e[In.channels()];
    for (std::size_t c = 1; c < In.channels(); ++c) most = simd::max(most, read(c * In.positions()));
    for (std::size_t c = 0; c < In.channels(); ++c) {
      e[c] = exponentials::relative(V(read(c * In.positions())), most);
      sum = sum + e[c];
    }
    const V share = V(1) / sum;
    for (std::size_t c = 0; c < In.channels(); ++c) write(c * In.positions(), e[c] * share);
  }
  /// The features of a vector, in the lanes.
  template <shape In, simd::float_lane W> static constexpr void over_features(const float* x, float* y) {
    constexpr std::size_t width = simd::width<W>;
    const W most(exponentials::largest<W, In.size()>(x));
    W sum(0.0f);
    for_each_block<width, In.size()>([&](std::size_t i, std::size_t n) {
      W e = exponentials::relative(simd::load<W>(x + i), most);
      if (n < width) e = simd::select_first(e, n);
      sum = sum + e;
      simd::store(e, y + i);
    });
    const W share = W(1.0f) / W(simd::sum(sum));
    for_each_block<width, In.size()>(
        [&](std::size_t i, std::size_t) { simd::store(simd::load<W>(y + i) * share, y + i); });
  }

  template <shape In, class P, class V>
  static constexpr void gradient(const P&, const V*, const V* y, const V* dy, V* dx, P&) {
    constexpr std::size_t step = In.positions();
    for (std::size_t at = 0; at < step; ++at) {
      V mean(0);
      for (std::size_t i = at; i < In.size(); i += step) mean = simd::multiply_add(y[i], dy[i], mean);
      for (std::size_t i = at; i < In.size(); i += step) dx[i] = y[i] * (dy[i] - mean);
    }
  }

  /// Exponentials of 3 units, which the sum has too and n roundings more; its reciprocal and the product.
  static constexpr kernel_error accuracy(shape in) {
    return {.of_output = static_cast<double>(in.channels() + 8), .absolute = 0x1p-110};
  }

  // J = diag(y) - y y'; v'J v is the variance of v under y, at most (max v - min v)^2 / 4 <= |v|^2 / 2 (Popoviciu).
  static constexpr auto lipschitz(shape in) { return constant(in.channels() == 1 ? 0 : 0.5); }

  // The second derivative along u, v, w is E[u v w] of their entries, drawn by y and centred: at most max|u| <= sqrt 2
  // times sqrt(E[v^2] E[w^2]) <= 1/2.
  static constexpr double curvature(shape) { return 0.70710678118654757; }
  /// y is the gradient of log(sum of e^x), a convex function, summed over positions: <dy, dx> >= 2 |dy|^2.
  static constexpr sector slopes(shape in) { return {0, in.channels() == 1 ? 0 : 0.5, in.size()}; }
};

}  // namespace taut::layer

namespace taut {
/// Shares e^x / sum of e^x over the features of a vector, or over the channels at each position.
inline constexpr layer::softmax Softmax{};
}  // namespace taut
