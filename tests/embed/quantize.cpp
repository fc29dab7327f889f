// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>
#include <memory>
#include <taut/embed/quantize.hpp>
#include <taut/taut.hpp>
#include <vector>

#include "support/catch.hpp"

using namespace taut;

namespace {

struct Chain : decltype(Input<12> >> Linear<16> >> BN >> LeakyReLU<0.1> >> Linear<8> >> LN >> Tanh >> Linear<4>) {};

parameters<Chain> chain() {
  parameters<Chain> p;
  initialise(p, 3);
  base::random_stream random(4);
  for (float& v : get<1>(p).running_var) v = static_cast<float>(random.uniform(0.3, 3));
  for (float& v : get<1>(p).running_mean) v = static_cast<float>(random.normal());
  for (float& v : get<1>(p).gain) v = static_cast<float>(random.normal());
  return p;
}
std::vector<float> inputs(std::uint64_t seed, std::size_t count, double size) {
  base::random_stream random(seed);
  std::vector<float> x(count);
  for (float& v : x) v = static_cast<float>(size * random.normal());
  return x;
}

}  // namespace

TEST_CASE("embed.quantize: outputs are near those of the network") {
  const auto p = chain();
  const auto samples = inputs(5, 40 * 12, 1);
  const auto q = quantize(p, samples);
  const auto run = compile(q);
  for (std::size_t i = 0; i < 40; ++i) {
    const std::span<const float> x(&samples[i * 12], 12);
    const auto y = run(x);
    const auto truth = evaluate(p, x);
    for (std::size_t k = 0; k < 4; ++k) CHECK(std::fabs(static_cast<double>(y[k]) - truth[k]) < 0.1);
  }
}

TEST_CASE("embed.quantize: steps reach as far as the samples, weights use all of their bytes") {
  const auto p = chain();
  auto samples = inputs(5, 40 * 12, 1);
  samples[7] = -50.8f;
  const auto q = quantize(p, samples);
  CHECK(q.input_unit == static_cast<float>(50.8f / 127.0));
  const auto& first = std::get<0>(q.stage);
  for (std::size_t row = 0; row < 16; ++row) {
    int largest = 0;
    for (std::size_t c = 0; c < 12; ++c) largest = std::max(largest, std::abs(int{first.weight[row * 12 + c]}));
    CHECK(largest == 127);
  }
  CHECK(std::get<2>(q.stage).unit == 1);
}

TEST_CASE("embed.quantize: it wants whole inputs") {
  CHECK_THROWS_AS(quantize(chain(), std::vector<float>{}), std::invalid_argument);
  CHECK_THROWS_AS(quantize(chain(), std::vector<float>(13)), std::invalid_argument);
}
