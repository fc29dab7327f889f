// SPDX-License-Identifier: Apache-2.0
// RMSNorm: y = gain x / sqrt(mean(x^2) + epsilon), over all features of one sample; nothing is centred.
//
// Options     epsilon<e> (2^-23, as PyTorch where none is given), min_std<r>: the root mean square of an input is at
//             least r, gain_at_most<g>, no_affine; over_last: for each token on its own
// Lipschitz   max|gain| / sqrt(r^2 + epsilon) for pairs of inputs with root mean square >= r (r = 0: everywhere), exact
// Range       |y| < |gain| sqrt(n)
// Gradient    dx = (u - z mean(z u)) / sqrt(mean(x^2) + epsilon), u = gain dy, z the normalized input; dgain = z dy
// Example     Input<64> >> Linear<40> >> RMSNorm(epsilon<1e-6>) >> Tanh
#pragma once
#include <taut/net/normalization.hpp>

namespace taut {

namespace layer {

/// Pools all elements of a sample, centres nothing.
struct rms_norm_kind : normalizer::kind {
  static constexpr const char* name = "RMSNorm";
  static constexpr bool centred = false, has_offset = false;
  static constexpr double epsilon = 0x1p-23;
  static constexpr const char* root = "rms@";
  static constexpr pooling pooled(shape in) { return {1, in.size()}; }
  using takes = base::list<option::epsilon_key, option::min_std_key, option::gain_at_most_key, option::no_affine,
                           option::over_last>;
};
/// Root-mean-square normalization over every element of a sample, or over the last axis.
template <class... Options> using rms_norm = normalization<rms_norm_kind, Options...>;

}  // namespace layer

/// Root-mean-square normalization. Options: epsilon<e>, min_std<r>, gain_at_most<g>, no_affine, over_last.
inline constexpr layer::rms_norm<> RMSNorm{};

}  // namespace taut
