// SPDX-License-Identifier: Apache-2.0
// CenteredWeightNorm(layer): an affine layer (Linear, Conv1d, Conv2d) with rows w = g (v - mean(v)) / |v - mean(v)|,
// one length g an output channel.
//
// Options     those of the layer inside; its at_most<c> (Linear only) limits |g|, which bounds ||W||
// Lipschitz   ||W||; max|g| <= ||W|| <= |g|
// Gradient    as for WeightNorm, and centred: dv has mean 0 in each row
// Example     Input<16> >> CenteredWeightNorm(Linear<24>) >> ReLU >> Linear<4>
#pragma once
#include <taut/net/parametrization.hpp>
#include <taut/net/row_projection.hpp>

namespace taut {

namespace layer {

/// Rows on a sphere in the plane of mean 0.
struct centered_weight_norm_kind : normalizer::rows<true> {
  static constexpr const char* name = "CenteredWeightNorm";
  static constexpr void spelling(auto& out) { out += name; }
};
/// An affine layer with centred, normalized rows.
template <class Inner> using centered_weight_norm = parametrized<centered_weight_norm_kind, Inner>;

}  // namespace layer

/// Centred, normalized rows: `CenteredWeightNorm(Linear<32>)`.
inline constexpr base::make_parametrized<layer::centered_weight_norm_kind, true> CenteredWeightNorm{};

}  // namespace taut
