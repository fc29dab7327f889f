// SPDX-License-Identifier: Apache-2.0
#include <taut/layers/batch_norm.hpp>
#include <taut/layers/layer_norm.hpp>
#include <taut/layers/linear.hpp>
#include <taut/layers/relu.hpp>
#include <taut/layers/weight_norm.hpp>
#include <taut/net/compose.hpp>
#include <taut/theory/invariant_elements.hpp>

#include "support/catch.hpp"

using namespace taut;

namespace {

struct net : decltype(Input<3> >> Linear<4>(no_bias) >> BN(epsilon<1e-30>) >> ReLU >> Linear<4> >>
                      LN(epsilon<1e-30>, no_affine) >> WeightNorm(Linear<3>) >> Linear<2>) {};

}  // namespace

// Parameters: 12 weights | 4 gains, 4 offsets | 16 weights, 4 biases | g and v of 3 rows of 4, 3 biases | the last.
TEST_CASE("theory.invariant_elements: weights before normalizers, with their biases, and raw directions") {
  std::vector<std::size_t> expected;
  for (std::size_t i = 0; i < 12; ++i) expected.push_back(i);
  for (std::size_t i = 20; i < 40; ++i) expected.push_back(i);
  for (std::size_t i = 43; i < 55; ++i) expected.push_back(i);
  const auto chosen = invariant_elements<net>();
  CHECK(chosen == expected);
  CHECK(invariant_elements<decltype(Input<3> >> Linear<2> >> ReLU >> Linear<2>)>().empty());
}

TEST_CASE("theory.invariant_elements: scaled together they leave the loss as it is, and others do not") {
  base::random_stream random(1);
  std::vector<double> inputs(7 * 3), targets(7 * 2), w(net::parameter_count);
  for (auto* list : {&inputs, &targets, &w})
    for (double& value : *list) value = random.normal();
  batch_loss<net, batch<7>, double, squared_error> loss(parameters<net>{}, inputs, squared_error{targets});
  const double here = loss.value(w);
  auto scaled = w;
  for (const std::size_t i : invariant_elements<net>()) scaled[i] *= 3;
  CHECK(loss.value(scaled) == Approx(here).epsilon(1e-12));
  for (const std::size_t i : {13u, 17u, 40u, 55u, 58u}) {  // a gain, an offset, a length, a bias, a last weight
    scaled = w;
    scaled[i] *= 3;

    CHECK(loss.value(scaled) != Approx(here).epsilon(1e-6));
  }
}
