// SPDX-License-Identifier: Apache-2.0
// The perceptrons, as they are at inference.
#pragma once
#include <taut/layers/group_norm.hpp>
#include <taut/layers/layer_norm.hpp>
#include <taut/layers/linear.hpp>
#include <taut/layers/relu.hpp>
#include <taut/layers/rms_norm.hpp>
#include <taut/net/compose.hpp>
#include <taut/net/network.hpp>

namespace unified {

using namespace taut;

struct mlp : decltype(Input<64> >> Linear<32> >> ReLU >> Linear<32> >> ReLU >> Linear<10>) {};
template <auto Norm> struct normed
    : decltype(Input<64> >> Linear<32> >> Norm >> ReLU >> Linear<32> >> Norm >> ReLU >> Linear<10>) {};
using mlp_ln = normed<LN>;
using mlp_gn = normed<GN<4>>;
using mlp_rms = normed<RMSNorm>;

}  // namespace unified
