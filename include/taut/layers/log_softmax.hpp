// SPDX-License-Identifier: Apache-2.0
// LogSoftmax: y_i = x_i - log(sum over j of e^(x_j)), over all features of a vector, or over the channels at each
// position (PyTorch's dim=1). Computed as (x_i - m) - log1p(sum over all but one maximum m of e^(x_j - m)): no
// overflow, and y keeps its digits where it is near 0 because one x is much larger than all others.
//
// Lipschitz   sqrt(n) for n channels, exact: approached where one of them has all the weight; 0 for one channel
// Range       [-infinity, 0]
// Gradient    dx_i = dy_i - e^(y_i) sum over j of dy_j
// Example     Input<64> >> Linear<10> >> LogSoftmax
#pragma once
#include <taut/net/softmax.hpp>
#include <taut/simd/lane.hpp>
#include <taut/simd/logarithm.hpp>

namespace taut::layer {

/// Logarithms of shares that sum to 1.
struct log_softmax : distribution_layer<log_softmax> {
  static constexpr auto name = base::say("LogSoftmax");
  static constexpr output_range range{-rounded::infinity, 0};
  /// 10 for an exponential, 12 for a logarithm.
  static constexpr std::size_t multiply_adds(shape in) { return 10 * in.size() + 12 * in.positions(); }

  /// One element of each channel: read(i) and write(i, v) for i = 0, positions, 2 positions, ...
  template <shape In, class V> static constexpr void over_channels(auto&& read, auto&& write) {
    V most = read(0), below(0), maxima(0);
    for (std::size_t c = 1; c < In.channels(); ++c) most = simd::max(most, read(c * In.positions()));
    for (std::size_t c = 0; c < In.channels(); ++c) {
      const V x = read(c * In.positions());
      add(x, most, exponentials::relative(x, most), below, maxima);
    }
    const V log_sum = simd::log1p(below + (maxima - V(1)));
    for (std::size_t c = 0; c < In.channels(); ++c)
      write(c * In.positions(), (read(c * In.positions()) - most) - log_sum);
  }
  /// The features of a vector, in the lanes.
  template <shape In, simd::float_lane W> static constexpr void over_features(const float* x, float* y) {
    constexpr std::size_t width = simd::width<W>;
    const W most(exponentials::largest<W, In.size()>(x));
    W below(0.0f), maxima(0.0f);
    for_each_block<width, In.size()>([&](std::size_t i, std::size_t n) {
      const W v = simd::load<W>(x + i);
      W e = exponentials::relative(v, most);
      if (n < width) e = simd::select_first(e, n);
      add(v, most, e, below, maxima);
    });
    const W log_sum = simd::log1p(W(simd::sum(below)) + (W(simd::sum(maxima)) - W(1.0f)));
    for_each_block<width, In.size()>(
        [&](std::size_t i, std::size_t) { simd::store((simd::load<W>(x + i) - most) - log_sum, y + i); });
  }

  template <shape In, class P, class V>
  static constexpr void gradient(const P&, const V*, const V* y, const V* dy, V* dx, P&) {
    constexpr std::size_t step = In.positions();
    for (std::size_t at = 0; at < step; ++at) {
      V sum(0);
      for (std::size_t i = at; i < In.size(); i += step) sum = sum + dy[i];
      for (std::size_t i = at; i < In.size(); i += step) dx[i] = dy[i] - simd::exp(y[i]) * sum;
    }
  }

  /// |y| is the sum of |x - largest| and of the logarithm, which loses no more than the sum in it: n + 3 units.
  static constexpr kernel_error accuracy(shape in) {
    return {.of_output = static_cast<double>(in.channels() + 8), .absolute = 0x1p-110};
  }

  // J = I - 1 s' with s = softmax(x). 1's = 1 makes it a projection (J J = J), and so is I - J = 1 s'. Complementary
  // projections, neither of them 0, have the same norm (Kato): ||J|| = ||1 s'|| = sqrt(n) |s| < sqrt(n), which is
  // approached as s tends to a corner of the simplex. For n = 1, J = 0.
  static constexpr auto lipschitz(shape in) {
    return sqrt(constant(in.channels() == 1 ? 0 : static_cast<double>(in.channels())));
  }
  /// The derivative of -1 s'v along u is -1 (u'H v), H of norm 1/2.
  static constexpr double curvature(shape in) {
    return rounded::mul_up(0.5, rounded::sqrt_up(static_cast<double>(in.channels())));
  }

 private:
  // Exponentials of all that is below the maximum, and the number of maxima (e = 1); NaN counts as one of them.
  template <class V>
  [[gnu::always_inline]] static constexpr void add(const V& x, const V& most, const V& e, V& below, V& maxima) {
    const auto smaller = simd::less(x, most);
    below = below + simd::select(smaller, e, V(0));
    maxima = maxima + simd::select(smaller, V(0), e);
  }
};

}  // namespace taut::layer

namespace taut {
/// Logarithms of softmax, over the features of a vector, or over the channels at each position.
inline constexpr layer::log_softmax LogSoftmax{};
}  // namespace taut
