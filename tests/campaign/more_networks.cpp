// SPDX-License-Identifier: Apache-2.0
// The same with more kinds of layers. They take a minute to compile: only the part `campaign` of tests/run.sh has them.
#include "campaign/networks.hpp"

namespace {

using namespace taut;
using namespace taut::campaign;

struct rectified : decltype(Input<4> >> Linear<6> >> ReLU >> Linear<5> >> ReLU >> Linear<3>) {};
struct floored : decltype(Input<4> >> Linear<6> >> LN(min_std<0.25>) >> ReLU >> Linear<3>) {};
struct roots : decltype(Input<4> >> Linear<6>(no_bias) >> RMSNorm(min_std<0.3>) >> Tanh >> Linear<3>(no_bias)) {};
struct first_and_last
    : decltype(Input<4> >> LN(min_std<0.3>) >> Linear<5> >> BN >> ReLU >> BN >> Linear<4> >> LN(epsilon<1.0>)) {};
struct image : decltype(Input<2, 4, 3> >> Conv2d<3, 2>(padding<1>) >> BN >> InstanceNorm(epsilon<0.1>) >>
                        LeakyReLU<0.2> >> MaxPool<2> >> Flatten >> Linear<3>) {};
struct parametrized_layers : decltype(Input<4> >> WeightNorm(Linear<6>) >> LN(min_std<0.1>) >> ReLU >>
                                      SpectralNorm<2.0>(Linear<4>) >> Softmax) {};

}  // namespace

TEST_CASE("campaign.more_networks: no slope exceeds its bound, no engine changes its label inside a radius") {
  std::vector<std::unique_ptr<subject>> nets;
  nets.push_back(make<rectified>("ReLU"));
  nets.push_back(make<floored>("LN, ReLU"));
  nets.push_back(make<roots>("RMSNorm, Tanh"));
  nets.push_back(make<first_and_last>("LN first and last, BN"));
  nets.push_back(make<image>("Conv2d, IN, MaxPool"));
  nets.push_back(make<parametrized_layers>("WeightNorm, SpectralNorm, Softmax"));
  attack_all("more_networks", nets, effort(3, 75));
}
