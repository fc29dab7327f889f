// SPDX-License-Identifier: Apache-2.0
// GroupNorm<G>, GN<G> (LN-G in the literature): y = gain (x - mean) / sqrt(variance + epsilon) + offset, statistics
// over each of G groups of neighbouring channels and all their positions; one gain and offset a channel.
//
// Options     epsilon<e> (1e-5), min_std<s>: of every group, gain_at_most<g>, no_affine
// Lipschitz   the largest ||diag(gain) P|| / sqrt(s^2 + epsilon) of all groups, exact; at most max|gain| / sqrt(s^2 +
//             epsilon); 0 for groups of one element, whose output is constant
// Range       |y - offset| < |gain| sqrt(n - 1), n elements a group
// Gradient    as for LayerNorm, group by group
// Example     Input<48> >> GN<6> >> ReLU
#pragma once
#include <taut/net/normalization.hpp>

namespace taut {

namespace layer {

/// Pools the channels of a group with their positions.
template <std::size_t Groups> struct group_norm_kind : normalizer::kind {
  static_assert(Groups > 0, "GroupNorm<G> has at least one group");
  static constexpr auto name = base::say("GroupNorm<", Groups, ">");
  static constexpr const char* family = "GroupNorm";
  static constexpr bool per_channel = true;
  static constexpr auto wants = base::say("channels in ", Groups, " equal groups");
  static constexpr bool accepts(shape in) { return in.channels() % Groups == 0; }
  static constexpr pooling pooled(shape in) { return {Groups, in.size() / Groups}; }
};
/// Group normalization of G groups of channels.
template <std::size_t Groups, class... Options> using group_norm = normalization<group_norm_kind<Groups>, Options...>;

}  // namespace layer

/// Group normalization. Options: epsilon<e>, min_std<s>, gain_at_most<g>, no_affine.
template <std::size_t Groups> inline constexpr layer::group_norm<Groups> GroupNorm{};
/// Short for GroupNorm<Groups>.
template <std::size_t Groups> inline constexpr layer::group_norm<Groups> GN{};

}  // namespace taut
