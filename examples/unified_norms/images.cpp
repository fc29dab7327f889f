// SPDX-License-Identifier: Apache-2.0
#include <taut/layers/batch_norm.hpp>
#include <taut/layers/centered_weight_norm.hpp>
#include <taut/layers/conv2d.hpp>
#include <taut/layers/flatten.hpp>
#include <taut/layers/group_norm.hpp>
#include <taut/layers/instance_norm.hpp>
#include <taut/layers/layer_norm.hpp>
#include <taut/layers/linear.hpp>
#include <taut/layers/relu.hpp>
#include <taut/layers/rms_norm.hpp>
#include <taut/layers/spectral_norm.hpp>
#include <taut/layers/weight_norm.hpp>
#include <taut/net/compose.hpp>
#include <taut/net/network.hpp>

#include "training.hpp"

namespace unified {

namespace {

using namespace taut;

// 20 outputs: for the 10 digits, the 10 classes of CIFAR-10 and the 20 superclasses of CIFAR-100 alike.
constexpr auto narrow = Conv2d<8, 3>(padding<1>);
constexpr auto wide = Conv2d<16, 3>(padding<1>, stride<2>);
struct conv : decltype(Input<3, 8, 8> >> narrow >> ReLU >> wide >> ReLU >> Flatten >> Linear<20>) {};
template <auto Norm> struct normed
    : decltype(Input<3, 8, 8> >> narrow >> Norm >> ReLU >> wide >> Norm >> ReLU >> Flatten >> Linear<20>) {};
template <auto Narrow, auto Wide> struct reparametrized
    : decltype(Input<3, 8, 8> >> Narrow >> ReLU >> Wide >> ReLU >> Flatten >> Linear<20>) {};

template <auto Norm> contender with(std::string name) { return made<normed<Norm>, normed<Norm>, 64>(std::move(name)); }

}  // namespace

std::vector<contender> image_networks() {
  return {made<conv, conv, 64>("none"),
          made<normed<BN>, conv, 64>("BN"),
          with<LN>("LN"),
          with<GN<4>>("GN"),
          with<InstanceNorm>("IN"),
          with<RMSNorm>("RMS"),
          made<reparametrized<WeightNorm(narrow), WeightNorm(wide)>, conv, 64>("WN"),
          made<reparametrized<CenteredWeightNorm(narrow), CenteredWeightNorm(wide)>, conv, 64>("CWN"),
          made<reparametrized<SpectralNorm<2.0>(narrow), SpectralNorm<2.0>(wide)>, conv, 64>("SN")};
}

}  // namespace unified
