// SPDX-License-Identifier: Apache-2.0
// InstanceNorm: y = gain (x - mean) / sqrt(variance + epsilon) + offset, statistics over the positions of each channel
// of one sample; one gain and offset a channel.
//
// Options     epsilon<e> (1e-5), min_std<s>: of every channel, gain_at_most<g>, no_affine
// Lipschitz   max|gain| / sqrt(s^2 + epsilon) for pairs of inputs with stds >= s (s = 0: everywhere), exact; 0 for one
//             position, whose output is constant
// Range       |y - offset| < |gain| sqrt(n - 1), n positions a channel
// Gradient    as for LayerNorm, channel by channel
// Example     Input<8, 32> >> InstanceNorm >> ReLU
#pragma once
#include <taut/net/normalization.hpp>

namespace taut {

namespace layer {

/// Pools the positions of a channel.
struct instance_norm_kind : normalizer::kind {
  static constexpr const char* name = "InstanceNorm";
  static constexpr bool per_channel = true;
  static constexpr auto wants = base::say("channels x positions");
  static constexpr bool accepts(shape in) { return in.rank >= 2; }
  static constexpr pooling pooled(shape in) { return {in.channels(), in.positions()}; }
};
/// Instance normalization.
template <class... Options> using instance_norm = normalization<instance_norm_kind, Options...>;

}  // namespace layer

/// Instance normalization. Options: epsilon<e>, min_std<s>, gain_at_most<g>, no_affine.
inline constexpr layer::instance_norm<> InstanceNorm{};

}  // namespace taut
