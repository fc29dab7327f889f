// SPDX-License-Identifier: Apache-2.0
#include <taut/layers/layer_norm.hpp>
#include <taut/layers/linear.hpp>
#include <taut/layers/relu.hpp>
#include <taut/layers/spectral_norm.hpp>
#include <taut/layers/weight_norm.hpp>
#include <taut/net/compose.hpp>
#include <taut/net/evaluate.hpp>
#include <taut/theory/weight_length.hpp>

#include "support/catch.hpp"

using namespace taut;

namespace {

struct net : decltype(Input<2> >> Linear<2> >> LN >> Linear<1>(no_bias)) {};
struct homogeneous : decltype(Input<3> >> Linear<4>(no_bias) >> ReLU >> WeightNorm(Linear<2>)) {};
struct bounded : decltype(Input<3> >> SpectralNorm<1.0>(Linear<4>)) {};

}  // namespace

TEST_CASE("theory.weight_length: matrices count, biases and gains do not") {
  parameters<net> p;
  get<0>(p).weight = {1, 2, -2, 4};
  get<0>(p).bias = {100, 100};
  get<2>(p).weight = {12, 0};
  CHECK(weight_length(p) == Approx(13));
  CHECK(weight_length(p, 2) == Approx(5));
  scale_weights(p, -0.5);
  CHECK(weight_length(p) == Approx(6.5));
  CHECK(get<0>(p).weight[1] == -1);
  CHECK(get<0>(p).bias[0] == 100);
  CHECK(get<1>(p).gain[0] == 1);
}

TEST_CASE("theory.weight_length: scaling reaches the matrix of weight norm, not that of spectral norm") {
  const std::array<double, 3> x{1, -2, 0.5};
  parameters<homogeneous> p;
  initialise(p, 3);
  const auto before = evaluate(p, x);
  scale_weights(p, 2);
  for (std::size_t j = 0; j < 2; ++j) CHECK(evaluate(p, x)[j] == Approx(4 * before[j]));

  parameters<bounded> q;
  initialise(q, 3);
  const auto limited = evaluate(q, x);
  scale_weights(q, 2);
  for (std::size_t j = 0; j < 4; ++j) CHECK(evaluate(q, x)[j] == Approx(limited[j]));
}
