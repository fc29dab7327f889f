// SPDX-License-Identifier: Apache-2.0
// Conv2d<Out, K>: y[co] = bias[co] + the sum over input channels ci of the correlation of x[ci] with w[co][ci], K x K.
// Conv2d<Out, Height, Width>: windows that are not square.
//
// Options     padding<p> or padding<Height, Width> (0), stride<s> or stride<Height, Width> (1); groups<g>: channels in
//             g groups, each convolved on its own (as many as channels: depthwise); no_bias; at_most<c>: the norm of
//             the operator is at most c
// Lipschitz   ||W||, W the dense unrolled operator: exact; at most sqrt(m) ||w as outputs x (inputs K K)||, m the
//             largest number of windows over one position: by this at_most<c> is proved
// Gradient    dx = W' dy; dw, db: sums over positions
// Example     Input<3, 32, 32> >> Conv2d<8, 3>(padding<1>, stride<2>)
#pragma once
#include <taut/net/convolution.hpp>

namespace taut::layer {

/// A convolution of images: C x H x W to Out x H' x W', as PyTorch's.
template <std::size_t Out, std::size_t KH, std::size_t KW, class... Options> struct conv2d
    : convolution<conv2d<Out, KH, KW, Options...>, 3, Out, KH, KW, Options...> {
  /// The name of such a layer with other numbers of channels.
  static constexpr base::words named(std::size_t out, std::size_t) {
    return KH == KW ? base::say("Conv2d<", out, ", ", KH, ">") : base::say("Conv2d<", out, ", ", KH, ", ", KW, ">");
  }
  static constexpr auto name = named(Out, 0);
  template <class... More> using with = conv2d<Out, KH, KW, More...>;
  static constexpr auto wants = [] {
    if (Out * KH * KW == 0) return missing_part(Out, KH * KW);
    constexpr auto padding = option::sizes_of<option::padding_key, Options...>(0);
    constexpr auto groups = conv2d::channel_groups;
    const auto channels = groups == 1 ? base::say("C") : base::say(groups, "n");
    return base::say(channels, " x H x W of at least ", least_extent(KH, padding.first), "x",
                     least_extent(KW, padding.second));
  }();
};

}  // namespace taut::layer

namespace taut {
/// A convolution of images: `Conv2d<8, 3>`, or `Conv2d<8, 3, 5>` (height, width). Options: padding, stride, groups,
/// no_bias, at_most<c>.
template <std::size_t Out, std::size_t KH, std::size_t KW = KH> inline constexpr layer::conv2d<Out, KH, KW> Conv2d{};
}  // namespace taut
