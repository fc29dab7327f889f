// SPDX-License-Identifier: Apache-2.0
// The campaign against whole networks: no pair of inputs is steeper than the proved constant, and no float engine
// changes its label inside a certified radius, whatever the weights.
#include <memory>
#include <vector>

#include "campaign/attack.hpp"
#include "support/catch.hpp"

namespace {

using namespace taut;
using namespace taut::campaign;

struct rectified : decltype(Input<4> >> Linear<6> >> ReLU >> Linear<5> >> ReLU >> Linear<3>) {};
struct floored : decltype(Input<4> >> Linear<6> >> LN(min_std<0.25>) >> ReLU >> Linear<3>) {};
struct sorted : decltype(Input<5> >> Linear<8> >> LN(epsilon<1.0>) >> GroupSort<2> >> Linear<6> >> LN(epsilon<1.0>) >>
                         GroupSort<2> >> Linear<4>) {};
struct roots : decltype(Input<4> >> Linear<6>(no_bias) >> RMSNorm(min_std<0.3>) >> Tanh >> Linear<3>(no_bias)) {};
struct grouped : decltype(Input<5> >> Linear<6> >> BN >> GN<2>(min_std<0.2>) >> SiLU >> Linear<3> >> BN) {};
struct first_and_last
    : decltype(Input<4> >> LN(min_std<0.3>) >> Linear<5> >> BN >> ReLU >> BN >> Linear<4> >> LN(epsilon<1.0>)) {};
struct image : decltype(Input<2, 4, 3> >> Conv2d<3, 2>(padding<1>) >> BN >> InstanceNorm(epsilon<0.1>) >>
                        LeakyReLU<0.2> >> MaxPool<2> >> Flatten >> Linear<3>) {};
struct blocks : decltype(Input<4> >> Residual(Linear<5> >> RMSNorm(epsilon<0.5>) >> Tanh >> Linear<4>) >>
                         Concat(Linear<3> >> GELU, LN) >> Linear<4>) {};
struct parametrized_layers : decltype(Input<4> >> WeightNorm(Linear<6>) >> LN(min_std<0.1>) >> ReLU >>
                                      SpectralNorm<2.0>(Linear<4>) >> Softmax) {};

template <class Net> std::unique_ptr<subject> make(const char* name) { return std::make_unique<subject_of<Net>>(name); }

}  // namespace

TEST_CASE("campaign.networks: no slope exceeds its bound, no engine changes its label inside a radius") {
  std::vector<std::unique_ptr<subject>> nets;
  nets.push_back(make<rectified>("ReLU"));
  nets.push_back(make<floored>("LN, ReLU"));
  nets.push_back(make<sorted>("LN, GroupSort"));
  nets.push_back(make<roots>("RMSNorm, Tanh"));
  nets.push_back(make<grouped>("BN, GN, SiLU"));
  nets.push_back(make<first_and_last>("LN first and last, BN"));
  nets.push_back(make<image>("Conv2d, IN, MaxPool"));
  nets.push_back(make<blocks>("Residual, Concat, GELU"));
  nets.push_back(make<parametrized_layers>("WeightNorm, SpectralNorm, Softmax"));
  std::vector<tally> all;
  std::size_t networks = 0, certified = 0;
  const std::size_t seeds = effort(3, 75);
  for (const auto& net : nets) {
    record r{{net->name + ": product"},
             {net->name + ": tighten"},
             {net->name + ": false witnesses"},
             {net->name + ": radii"},
             {net->name + ": boundaries"}};
    for (std::uint64_t seed = 1; seed <= seeds; ++seed)
      for (std::size_t kind = 0; kind < weight_kinds; ++kind) {
        const std::uint64_t unique = seed * weight_kinds + kind;
        net->draw(static_cast<weight_kind>(kind), seed, seed % 5 == 1);
        ++networks;
        attack_slope(*net, unique, 8, r);
        attack_radius(*net, unique, 6, r);
      }
    certified += r.certified;
    for (const tally& t : {r.product, r.tight, r.tampered, r.radii, r.boundaries}) all.push_back(t);
    CHECK(r.boundaries.checks > 0);
  }
  CHECK(conclude("networks", all) == 0);
  std::cout << "campaign.networks: " << networks << " networks, " << certified << " certified inputs\n";
  CHECK(networks >= effort(300, 10000));
}
