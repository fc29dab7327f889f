// SPDX-License-Identifier: Apache-2.0
// What softmax and log-softmax share: the largest of some numbers, and e^(x - largest) to the last digit.
//
//   const float most = exponentials::largest<W, 10>(x);
//   W e = exponentials::relative(simd::load<W>(x), W(most));            // e^(x - most) <= 1
#pragma once
#include <array>
#include <cstddef>
#include <limits>
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
