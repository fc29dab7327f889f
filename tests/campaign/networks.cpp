// SPDX-License-Identifier: Apache-2.0
// The campaign against whole networks: no pair of inputs is steeper than the proved constant, and no float engine
// changes its label inside a certified radius, whatever the weights.
#include "campaign/networks.hpp"

namespace {

using namespace taut;
using namespace taut::campaign;

struct sorted : decltype(Input<5> >> Linear<8> >> LN(epsilon<1.0>) >> GroupSort<2> >> Linear<6> >> LN(epsilon<1.0>) >>
                         GroupSort<2> >> Linear<4>) {};
struct grouped : decltype(Input<5> >> Linear<6> >> BN >> GN<2>(min_std<0.2>) >> SiLU >> Linear<3> >> BN) {};
struct blocks : decltype(Input<4> >> Residual(Linear<5> >> RMSNorm(epsilon<0.5>) >> Tanh >> Linear<4>) >>
                         Concat(Linear<3> >> GELU, LN) >> Linear<4>) {};

}  // namespace

TEST_CASE("campaign.networks: no slope exceeds its bound, no engine changes its label inside a radius") {
  std::vector<std::unique_ptr<subject>> nets;
  nets.push_back(make<sorted>("LN, GroupSort"));
  nets.push_back(make<grouped>("BN, GN, SiLU"));
  nets.push_back(make<blocks>("Residual, Concat, GELU"));
  attack_all("networks", nets, effort(3, 75));
}
