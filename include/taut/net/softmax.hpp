// SPDX-License-Identifier: Apache-2.0
// What softmax and log-softmax share: the largest of some numbers, and e^(x - largest) to the last digit.
//
//   const float most = exponentials::largest<W, 10>(x);
//   W e = exponentials::relative(simd::load<W>(x), W(most));            // e^(x - most) <= 1
#pragma once
#include <array>
#include <cstddef>
#include <limits>
#include <taut/net/layer.hpp>
#include <taut/net/sweep.hpp>
#include <taut/simd/lane.hpp>
#include <taut/simd/math.hpp>

namespace taut::exponentials {

/// e^(x - most) for x <= most, within 1.1 ulp (1.4 where the target does not fuse): the rounding error of the
/// difference (Knuth's TwoSum) goes into the exponential. 1 for x = most, 0 for x = -infinity; NaN if either is NaN or
/// most infinite.
template <class V> [[gnu::always_inline]] constexpr V relative(const V& x, const V& most) {
  const V difference = simd::as_written(x - most), back = simd::as_written(difference - x);
  const V error = simd::as_written(x - simd::as_written(difference - back)) - simd::as_written(most + back);
  return simd::exp(difference, simd::select(simd::less(V(-1000), difference), error, V(0)));
}

/// The largest of the `Size` floats at x, read in lanes W; whatever a NaN hides, `relative` is NaN where x is.
template <simd::float_lane W, std::size_t Size> [[gnu::always_inline]] constexpr float largest(const float* x) {
  constexpr std::size_t width = simd::width<W>, whole = Size / width * width;
  float most = x[0];
  if constexpr (whole > 0) {
    W wide = simd::load<W>(x);
    for (std::size_t i = width; i < whole; i += width) wide = simd::max(wide, simd::load<W>(x + i));
    std::array<float, width> each{};
    simd::store(wide, each.data());
    for (const float v : each) most = simd::max(most, v);
  }
  for (std::size_t i = whole; i < Size; ++i) most = simd::max(most, x[i]);
  return most;
}

}  // namespace taut::exponentials

namespace taut {

/// The base of softmax and log-softmax: over the channels at each position, or over the features of a vector. L states
/// over_channels<In, V>(read, write), one element a channel, and over_features<In, W>(x, y), features in the lanes.
template <class L> struct distribution_layer : layer_base {
  static constexpr fusion reads = fusion::mixing;
  static constexpr bool homogeneous = false, is_distribution = true;
  static constexpr auto wants = base::say("any shape");
  static constexpr bool accepts(shape) { return true; }
  static constexpr shape output(shape in) { return in; }

  template <shape In, class V> static constexpr void forward(const auto&, const V* x, V* y) {
    for (std::size_t at = 0; at < In.positions(); ++at)
      L::template over_channels<In, V>([&](std::size_t i) { return x[i + at]; },
                                       [&](std::size_t i, V v) { y[i + at] = v; });
  }

  /// One sample: features, or positions if they fill a register, are in the lanes.
  template <shape In, simd::float_lane W>
    requires(In.positions() == 1 || In.positions() >= simd::width<W>)
  static constexpr void run(const auto&, const float* x, float* y) {
    if constexpr (In.positions() == 1) {
      L::template over_features<In, W>(x, y);
    } else {
      for_each_whole_block<simd::width<W>, In.positions()>([x, y](std::size_t at) {
        L::template over_channels<In, W>([&](std::size_t i) { return simd::load<W>(x + i + at); },
                                         [&](std::size_t i, W v) { simd::store(v, y + i + at); });
      });
    }
  }
};

}  // namespace taut
