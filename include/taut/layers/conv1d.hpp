// SPDX-License-Identifier: Apache-2.0
// Conv1d<Out, K>: y[co] = bias[co] + the sum over input channels ci of the correlation of x[ci] with w[co][ci], K long.
//
// Options     padding<p> (0), stride<s> (1); groups<g>: channels in g groups, each convolved on its own (as many as
//             channels: depthwise); no_bias; at_most<c>: the norm of the operator is at most c
// Lipschitz   ||W||, W the dense unrolled operator: exact; at most sqrt(m) ||w as outputs x (inputs K)||, m the largest
//             number of windows over one position: by this at_most<c> is proved
// Gradient    dx = W' dy; dw, db: sums over positions
// Example     Input<8, 32> >> Conv1d<16, 5>(padding<2>)
#pragma once
#include <taut/net/convolution.hpp>

namespace taut::layer {

/// A convolution of signals: C x L to Out x L', as PyTorch's.
template <std::size_t Out, std::size_t K, class... Options> struct conv1d
    : convolution<conv1d<Out, K, Options...>, 2, Out, 1, K, Options...> {
  /// The name of such a layer with other numbers of channels.
  static constexpr base::words named(std::size_t out, std::size_t) { return base::say("Conv1d<", out, ", ", K, ">"); }
  static constexpr auto name = named(Out, 0);
  template <class... More> using with = conv1d<Out, K, More...>;
  static constexpr auto wants = [] {
    if (Out * K == 0) return missing_part(Out, K);
    constexpr auto padding = option::sizes_of<option::padding_key, Options...>(0);
    constexpr auto groups = conv1d::channel_groups;
    const auto channels = groups == 1 ? base::say("C") : base::say(groups, "n");
    return base::say(channels, " x L with L at least ", least_extent(K, padding.first));
  }();
};

}  // namespace taut::layer

namespace taut {
/// A convolution of signals: `Conv1d<16, 5>`. Options: padding, stride, groups, no_bias, at_most<c>.
template <std::size_t Out, std::size_t K> inline constexpr layer::conv1d<Out, K> Conv1d{};
}  // namespace taut
