// SPDX-License-Identifier: Apache-2.0
// WeightNorm(layer): an affine layer (Linear, Conv1d, Conv2d) with rows w = g v / |v|, one length g an output channel;
// PyTorch's weight_norm with dim=0.
//
// Options     those of the layer inside; its at_most<c> (Linear only) limits |g|, which bounds ||W||
// Lipschitz   ||W||; max|g| <= ||W|| <= |g|
// Gradient    dg = <dw, v> / |v|, dv = (g / |v|) (dw - <dw, v> v / |v|^2), row by row
// Example     Input<16> >> WeightNorm(Linear<24>) >> ReLU >> Linear<4>
#pragma once
#include <taut/net/parametrization.hpp>
#include <taut/net/row_projection.hpp>

namespace taut {

namespace layer {

/// Rows on a sphere.
struct weight_norm_kind : normalizer::rows<false> {
  static constexpr const char* name = "WeightNorm";
  static constexpr void spelling(auto& out) { out += name; }
};
/// An affine layer with normalized rows.
template <class Inner> using weight_norm = parametrized<weight_norm_kind, Inner>;

}  // namespace layer

/// Normalized rows: `WeightNorm(Linear<32>)`.
inline constexpr base::make_parametrized<layer::weight_norm_kind, true> WeightNorm{};

}  // namespace taut
