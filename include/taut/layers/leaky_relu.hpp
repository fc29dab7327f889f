// SPDX-License-Identifier: Apache-2.0
// LeakyReLU: y = x for x > 0, slope x otherwise, element by element.
//
// Options     LeakyReLU<slope>, slope >= 0 (LeakyReLU<>: 0.01)
// Lipschitz   max(1, slope), attained on one side of 0; exact up to the rounding of the slope to float
// Range       all numbers; y >= 0 for slope 0
// Gradient    dx = dy where x > 0, else slope dy
// Example     Input<16> >> Linear<16> >> LeakyReLU<0.2>
#pragma once
#include <taut/net/layer.hpp>
#include <taut/net/option.hpp>
#include <taut/simd/lane.hpp>
#include <type_traits>

namespace taut::layer {

/// The rectifier that keeps part of negative inputs.
template <double Slope> struct leaky_relu : pointwise_layer {
  /// The slope of engines, which compute with floats.
  static constexpr double rounded_slope = static_cast<double>(static_cast<float>(Slope));

  static constexpr auto name = base::say("LeakyReLU");
  static constexpr void spelling(auto& out) { out += "LeakyReLU<", out += Slope, out += ">"; }

  static constexpr bool homogeneous = true;
  static constexpr output_range range{.lower = Slope == 0 ? 0 : -rounded::infinity};
  template <class V> static constexpr V apply(V x) {
    if constexpr (Slope == 0) return simd::max(x, V(0));  // 0 for -infinity, too
    else return simd::select(simd::less(x, V(0)), simd::as_written(x * simd::number<V>(Slope)), x);
  }
  template <class V> static constexpr V derivative(V x, V) {
    return simd::select(simd::less(V(0), x), V(1), simd::number<V>(Slope));
  }

  /// One rounding of the slope, one of the product.
  static constexpr kernel_error accuracy{.of_output = Slope == 0 ? 0 : 2};
  static constexpr auto lipschitz(shape) {
    constexpr double steeper = rounded_slope > Slope ? rounded_slope : Slope;
    return constant(steeper > 1 ? steeper : 1);
  }
  static constexpr double least_slope = [] {
    constexpr double flatter = rounded_slope < Slope ? rounded_slope : Slope;
    return flatter < 1 ? flatter : 1;
  }();
};

/// bool, or the message for a slope that is negative or no number.
template <double Slope> using slope_check =
    std::conditional_t<(Slope >= 0 && Slope < rounded::infinity), bool,
                       option_error<base::phrase_of<leaky_relu<Slope>::name>(),
                                    base::phrase_of<base::say("needs a slope of at least 0, not")>(),
                                    base::phrase_of<base::say(Slope)>()>>;

}  // namespace taut::layer

namespace taut {
/// y = x for x > 0, Slope x otherwise: `LeakyReLU<0.2>`, or `LeakyReLU<>` with PyTorch's 0.01.
template <double Slope = 0.01> inline constexpr auto LeakyReLU =
    (static_cast<void>(layer::slope_check<Slope>{}), layer::leaky_relu<Slope>{});
}  // namespace taut
