// SPDX-License-Identifier: Apache-2.0
// LayerNorm, LN: y = gain (x - mean) / sqrt(variance + epsilon) + offset, statistics over all features of one sample.
//
// Options     epsilon<e> (1e-5), min_std<s>, gain_at_most<g>, no_affine; over_last: statistics over the last axis only,
//             for each token on its own
// Lipschitz   ||diag(gain) P|| / sqrt(s^2 + epsilon) for pairs of inputs with std >= s (s = 0: everywhere), exact; P =
//             I - 11'/n; at most max|gain| / sqrt(s^2 + epsilon); 0 for one feature, whose output is constant
// Range       |y - offset| < |gain| sqrt(n - 1)
// Gradient    dx = (u - mean(u) - z mean(z u)) / sqrt(variance + epsilon), u = gain dy, z the normalized input; dgain =
//             z dy, doffset = dy
// Example     Input<64> >> Linear<32> >> LN(min_std<0.25>, gain_at_most<1.0>)
#pragma once
#include <taut/net/normalization.hpp>

namespace taut {

namespace layer {

/// Pools all elements of a sample.
struct layer_norm_kind : normalizer::kind {
  static constexpr const char* name = "LayerNorm";
  static constexpr pooling pooled(shape in) { return {1, in.size()}; }
  using takes = base::list<option::epsilon_key, option::min_std_key, option::gain_at_most_key, option::no_affine,
                           option::over_last>;
};
/// Layer normalization over every element of a sample, or over the last axis.
template <class... Options> using layer_norm = normalization<layer_norm_kind, Options...>;

}  // namespace layer

/// Layer normalization. Options: epsilon<e>, min_std<s>, gain_at_most<g>, no_affine, over_last.
inline constexpr layer::layer_norm<> LayerNorm{};
/// Short for LayerNorm.
inline constexpr layer::layer_norm<> LN{};

}  // namespace taut
