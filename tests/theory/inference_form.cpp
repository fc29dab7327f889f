// SPDX-License-Identifier: Apache-2.0
#include <taut/layers/batch_norm.hpp>
#include <taut/layers/conv1d.hpp>
#include <taut/layers/flatten.hpp>
#include <taut/layers/layer_norm.hpp>
#include <taut/layers/linear.hpp>
#include <taut/layers/relu.hpp>
#include <taut/layers/spectral_norm.hpp>
#include <taut/layers/weight_norm.hpp>
#include <taut/net/compose.hpp>
#include <taut/net/evaluate.hpp>
#include <taut/theory/inference_form.hpp>

#include "support/catch.hpp"

using namespace taut;

namespace {

struct mixed : decltype(Input<2, 6> >> Conv1d<3, 3> >> BN >> ReLU >> Flatten >> WeightNorm(Linear<5>) >> BN >> LN >>
                        SpectralNorm<2.0>(Linear<3>)) {};
struct plain : decltype(Input<2, 6> >> Conv1d<3, 3> >> ReLU >> Flatten >> Linear<5> >> LN >> Linear<3>) {};

template <class P> void draw(P& layer, base::random_stream& random) {
  for (std::size_t c = 0; c < layer.gain.size(); ++c) {
    layer.gain[c] = static_cast<float>(random.normal()), layer.offset[c] = static_cast<float>(random.normal());
    layer.running_mean[c] = static_cast<float>(random.normal());
    layer.running_var[c] = static_cast<float>(random.uniform(0.3, 2));
  }
}

}  // namespace

TEST_CASE("theory.inference_form: the same function, of plain layers") {
  parameters<mixed> p;
  initialise(p, 4);
  base::random_stream random(2);
  draw(get<1>(p), random), draw(get<5>(p), random);
  for (float& b : get<0>(p).bias) b = static_cast<float>(random.normal());
  for (float& b : get<4>(p).bias) b = static_cast<float>(random.normal());
  const auto q = inference_form<plain>(p);
  for (int trial = 0; trial < 10; ++trial) {
    std::array<double, 12> x;
    for (double& v : x) v = random.normal();
    const auto expected = evaluate(p, x), got = evaluate(q, x);
    for (std::size_t j = 0; j < 3; ++j) CHECK(got[j] == Approx(expected[j]).epsilon(2e-6).margin(2e-6));
  }
}

TEST_CASE("theory.inference_form: a network that is plain stays as it is") {
  parameters<plain> p;
  initialise(p, 6);
  const auto q = inference_form<plain>(p);
  CHECK(get<5>(q).weight == get<5>(p).weight);
  CHECK(get<0>(q).weight == get<0>(p).weight);
}
