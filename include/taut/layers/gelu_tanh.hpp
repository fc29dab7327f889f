// SPDX-License-Identifier: Apache-2.0
// GELUTanh: y = x (1 + tanh u) / 2 with u = sqrt(2 / pi) (x + 0.044715 x^3), element by element.
//
// Lipschitz   1.1289930686..., the slope at 1.4185040087...; exact
// Range       [-0.1700409, infinity]; float: below 3 ulp (140 where the target does not fuse) for x > -9.96, 0 from
//             -9.99 down
// Gradient    dx = (s + x s (1 - s) 2 u') dy with s = (1 + tanh u) / 2 = 1 / (1 + e^(-2 u))
// Example     Input<16> >> Linear<16> >> GELUTanh
#pragma once
#include <taut/net/layer.hpp>
#include <taut/simd/lane.hpp>
#include <taut/simd/math.hpp>

namespace taut::layer {

/// The Gaussian error linear unit, approximated by tanh.
struct gelu_tanh : pointwise_layer {
  static constexpr auto name = base::say("GELUTanh");
  static constexpr bool homogeneous = false;
  /// The minimum -0.170040750... is attained at -0.752461422...; the last digits are room for rounding.
  static constexpr output_range range{.lower = -0.1700409};
  template <class V> static constexpr V apply(V x) {
    const V t = size(x), e = decay(t);
    return simd::select(simd::less(x, V(0)), -t * e, x) / (V(1) + e);
  }
  template <class V> static constexpr V derivative(V x, V) {
    const V t = size(x), e = decay(t), larger = V(1) / (V(1) + e), smaller = e * larger;  // of s and 1 - s
    const V slope = simd::multiply_add(t * t, simd::number<V>(3 * cubic), simd::number<V>(linear));
    const V left = smaller - t * slope * smaller * larger;  // at -t
    return simd::select(simd::less(x, V(0)), left, V(1) - left);
  }

  static constexpr kernel_error accuracy_as_written{.of_output = 280, .absolute = 0x1p-117};
  static constexpr kernel_error accuracy{.of_output = simd::target_fuses ? 6 : 280, .absolute = 0x1p-117};
  static constexpr auto lipschitz(shape) { return constant(1.128993068658772); }
  static constexpr double least_slope = -0.1289930686587718;  ///< at -1.4185040087..., since y(x) - y(-x) = x
  static constexpr double curvature(shape) { return 0.79788456080286541; }  ///< largest |y''|: sqrt(2 / pi), at 0

 private:
  static constexpr double linear = 1.5957691216057308, cubic = 0.071354816272600250;  // 2 u = linear x + cubic x^3
  static constexpr int farthest = 30;  // e^(-2 u) is 0 there, in double too

  template <class V> static constexpr V size(V x) { return simd::min(simd::abs(x), V(farthest)); }
  // What number<V>(x) rounds away.
  template <class V> static constexpr V lost(double x) {
    return simd::number<V>(x - static_cast<double>(static_cast<simd::element<V>>(x)));
  }
  // e^(-2 u) for t >= 0. The exponent, up to 87, in two parts: a rounding error of it is a relative error of the
  // result.
  template <class V> static constexpr V decay(V t) {
    const V c = simd::number<V>(cubic), b = simd::number<V>(linear);
    const V square = simd::as_written(t * t), square_low = simd::multiply_add(t, t, -square);
    const V term = simd::as_written(c * square), term_low = simd::multiply_add(c, square, -term);
    const V factor = simd::as_written(term + b);  // and what the sum rounds away [Dekker]
    const V factor_low = simd::min(term, b) - simd::as_written(factor - simd::max(term, b));
    const V rest = simd::multiply_add(lost<V>(cubic), square, simd::multiply_add(c, square_low, lost<V>(linear)));
    const V exponent = simd::as_written(t * factor), exponent_low = simd::multiply_add(t, factor, -exponent);
    const V low = simd::multiply_add(t, factor_low + (term_low + rest), exponent_low);
    return simd::exp(-exponent, -low);
  }
};

}  // namespace taut::layer

namespace taut {
/// y = x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2: PyTorch's GELU(approximate='tanh').
inline constexpr layer::gelu_tanh GELUTanh{};
}  // namespace taut
