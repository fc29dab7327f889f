// SPDX-License-Identifier: Apache-2.0
#include <taut/layers/layer_norm.hpp>
#include <taut/layers/linear.hpp>
#include <taut/layers/relu.hpp>
#include <taut/net/compose.hpp>
#include <taut/train/project.hpp>

#include "support/catch.hpp"
#include "train/support.hpp"

using namespace taut;

namespace {

struct net : decltype(Input<19> >> Linear<33>(at_most<2.0>) >> LN(gain_at_most<0.1>) >> ReLU >>
                      Linear<5>(at_most<0.7>) >> Linear<1>(at_most<3.0>) >> Linear<4>) {};

// What the claims of a network say of p, by the provers of certify/.
struct witness {
  std::size_t proved = 0, refuted = 0;
  void spectral_norm_at_most(std::string_view, const auto& values, std::size_t rows, std::size_t columns,
                             double limit) {
    const std::vector<double> w(values.begin(), values.end());
    ++(spectral_norm_at_most_of(w, rows, columns, limit) ? proved : refuted);
  }
  void magnitude_at_most(std::string_view, const auto& values, double limit) {
    for (const double value : values) ++(std::abs(value) <= limit ? proved : refuted);
  }
  static bool spectral_norm_at_most_of(const std::vector<double>& w, std::size_t rows, std::size_t columns,
                                       double limit) {
    return taut::spectral_norm_at_most(w.data(), rows, columns, limit);
  }
};
template <class Net, class Real> witness witness_of(const parameters<Net, Real>& p) {
  witness w;
  for_each_claim(p, w);
  return w;
}

double norm_of(std::span<const float> values, std::size_t rows, std::size_t columns) {
  const std::vector<double> w(values.begin(), values.end());
  return spectral_norm(w.data(), rows, columns).value;
}

template <class Net> std::vector<float> values_of(parameters<Net>& p) {
  std::vector<float> list;
  for (const float* value : tests::elements(p)) list.push_back(*value);
  return list;
}

}  // namespace

TEST_CASE("train.project: afterwards every claim is proved, and nothing was given away") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    parameters<net> p;
    tests::randomise(p, seed);
    REQUIRE(witness_of(p).refuted > 10);
    const auto free = get<5>(p).weight;
    project(p);
    CHECK(witness_of(p).refuted == 0);
    CHECK(witness_of(p).proved == 3 + 33);
    CHECK(norm_of(get<0>(p).weight, 33, 19) >= 2.0 * (1 - 1e-4));
    CHECK(norm_of(get<3>(p).weight, 5, 33) >= 0.7 * (1 - 1e-4));
    CHECK(get<5>(p).weight == free);
    const auto once = values_of(p);
    project(p);
    CHECK(values_of(p) == once);
  }
}

TEST_CASE("train.project: what respects its claims is not touched") {
  parameters<net> p;
  tests::randomise(p, 1);
  for (float* value : tests::elements(p)) *value *= 0.01f;
  const auto before = values_of(p);
  project(p);
  CHECK(values_of(p) == before);
  projector estimate;
  for (int step = 0; step < 3; ++step) estimate(p);
  CHECK(values_of(p) == before);
}

TEST_CASE("train.project: a norm at the very limit, whole units of rounding around it, and double") {
  struct one : decltype(Input<2> >> Linear<2>(at_most<1.0>)) {};
  for (const float size : {1.0f, 1.0f + 0x1p-23f, 1.0f - 0x1p-24f, 3e38f, 1e-38f}) {
    parameters<one> p;
    get<0>(p).weight = {size, 0, 0, size};
    project(p);
    CHECK(witness_of(p).refuted == 0);
    CHECK(get<0>(p).weight[0] >= std::min(size, 1.0f) * (1 - 1e-5f));
  }
  parameters<one, double> p;
  get<0>(p).weight = {3, 4, -4, 3};
  project(p);
  CHECK(witness_of(p).refuted == 0);
  CHECK(get<0>(p).weight[1] == Approx(0.8));
}

TEST_CASE("train.project: gains keep their sign and stop at the limit, rounded downward") {
  parameters<net> p;
  get<1>(p).gain[0] = 5;
  get<1>(p).gain[1] = -5;
  get<1>(p).gain[2] = 0.05f;
  project(p);
  CHECK(static_cast<double>(get<1>(p).gain[0]) <= 0.1);  // 0.1f > 0.1
  CHECK(get<1>(p).gain[0] == Approx(0.1));
  CHECK(get<1>(p).gain[1] == -get<1>(p).gain[0]);
  CHECK(get<1>(p).gain[2] == 0.05f);
}

TEST_CASE("train.project: values that are not finite are refused by name") {
  parameters<net> p;
  get<3>(p).weight[7] = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_WITH(project(p), "3.weight has values that are not finite");
  CHECK_THROWS_AS(project(p), std::invalid_argument);
  get<3>(p).weight[7] = 0;
  get<1>(p).gain[7] = std::numeric_limits<float>::infinity();
  CHECK_THROWS_WITH(project(p), "1.weight has values that are not finite");
}

TEST_CASE("train.project: the estimate follows moving weights within a per cent") {
  parameters<net> p;
  tests::randomise(p, 1);
  projector estimate;
  base::random_stream random(2);
  for (int step = 0; step < 200; ++step) {
    for (float& value : get<0>(p).weight) value += static_cast<float>(random.uniform(-0.005, 0.005));
    for (float& value : get<3>(p).weight) value += static_cast<float>(random.uniform(-0.005, 0.005));
    estimate(p);
    if (step == 0) {
      CHECK(norm_of(get<0>(p).weight, 33, 19) >= 2.0 * 0.99);
      CHECK(norm_of(get<3>(p).weight, 5, 33) >= 0.7 * 0.99);
    }
    REQUIRE(norm_of(get<0>(p).weight, 33, 19) <= 2.0 * 1.01);
    REQUIRE(norm_of(get<3>(p).weight, 5, 33) <= 0.7 * 1.01);
    for (const float gain : get<1>(p).gain) REQUIRE(static_cast<double>(std::abs(gain)) <= 0.1);
  }
}
