// SPDX-License-Identifier: Apache-2.0
// Where chains begin and end, and that their maps are what the layers compute between nonlinearities.
#include <taut/inference.hpp>

#include "laws/support.hpp"
#include "support/catch.hpp"

namespace {

using namespace taut;
using namespace taut::tests;
using certificates::chain_layout;

struct plain : decltype(Input<4> >> Linear<5> >> ReLU >> Linear<3>) {};
struct pooled : decltype(Input<2, 8> >> Conv1d<4, 3> >> ReLU >> MaxPool<2> >> Flatten >> Dropout<0.5> >> Linear<6> >>
                         BN >> LN >> Tanh >> LN >> Softmax) {};
struct bare : decltype(Input<4> >> Linear<4>(no_bias) >> Linear<3>(no_bias)) {};

static_assert(chain_layout<plain>::chains == 1 && chain_layout<plain>::multipliers == 5);
static_assert(chain_layout<pooled>::chains == 2);
// ReLU 24, LN 1, Tanh 6, LN 1, Softmax 1
static_assert(chain_layout<pooled>::multipliers == 24 + 1 + 6 + 1 + 1);
static_assert(chain_layout<bare>::multipliers == 0);

constexpr std::size_t maps_in_a_constant_expression = [] {
  const auto all = certificates::chains_of(parameters<plain>{});
  return all.chains[0].maps.size();
}();
static_assert(maps_in_a_constant_expression == 2);

}  // namespace

TEST_CASE("certify.chain: maps carry scalings, gains and centring, and multiply where nothing stands between") {
  const auto p = random_parameters<pooled>(3);
  const auto all = certificates::chains_of(p);
  REQUIRE(all.chains.size() == 2);
  CHECK(all.between == Approx(1));  // the pool
  CHECK(all.chains[0].maps.size() == 2);
  CHECK(all.chains[0].maps[1].rows == 24);
  const auto& maps = all.chains[1].maps;
  REQUIRE(maps.size() == 5);

  // the first map: rows of the linear layer scaled by batch norm, and centred
  for (std::size_t column = 0; column < 12; ++column) {
    std::array<double, 6> line{};
    double mean = 0;
    for (std::size_t i = 0; i < 6; ++i) {
      line[i] = static_cast<double>(get<5>(p).weight[i * 12 + column]) * layer_of<pooled, 6>::scale(get<6>(p), i);
      mean += line[i] / 6;
    }
    for (std::size_t i = 0; i < 6; ++i) CHECK(maps[0].at(i, column) == Approx(line[i] - mean).margin(1e-12));
  }
  // then diag(gain) P, then P
  for (std::size_t i = 0; i < 6; ++i)
    for (std::size_t j = 0; j < 6; ++j) {
      const double centring = (i == j ? 1.0 : 0.0) - 1.0 / 6, gain = static_cast<double>(get<7>(p).gain[i]);
      CHECK(maps[1].at(i, j) == Approx(gain * centring).margin(1e-12));
      CHECK(maps[2].at(i, j) == Approx(centring).margin(1e-12));
    }
  CHECK(maps[1].error > 0);
  CHECK(maps[1].error < 1e-12);

  const auto q = random_parameters<bare>(5);
  const auto multiplied = certificates::chains_of(q);
  REQUIRE(multiplied.chains[0].maps.size() == 1);
  for (std::size_t column = 0; column < 4; ++column) {
    std::array<double, 4> unit{};
    unit[column] = 1;
    const auto y = evaluate(q, unit);
    for (std::size_t row = 0; row < 3; ++row)
      CHECK(multiplied.chains[0].maps[0].at(row, column) == Approx(y[row]).margin(1e-12));
  }
}

TEST_CASE("certify.chain: sectors have some width, however narrow a layer's is") {
  const sector steep = certificates::widened({2, 2, 1}), flat = certificates::widened({0, 0, 4}),
               falling = certificates::widened({-1, -1, 1});
  CHECK((steep.low < 2 && steep.high == 2));
  CHECK((flat.low < 0 && flat.high > 0 && flat.run == 4));
  CHECK((falling.low == -1 && falling.high > -1));
  CHECK(certificates::widened({0, 1, 1}) == sector{0, 1, 1});
}

TEST_CASE("certify.chain: the error of a product covers what is not known of its factors") {
  base::random_stream random(7);
  for (int trial = 0; trial < 200; ++trial) {
    certificates::linear_map a{3, 4, certificates::buffer(12), 0}, b{4, 2, certificates::buffer(8), 0};
    for (std::size_t i = 0; i < 12; ++i) a.entries.at[i] = random.normal();
    for (std::size_t i = 0; i < 8; ++i) b.entries.at[i] = random.normal();
    const auto made = certificates::product(a, b);
    auto moved_a = certificates::linear_map{3, 4, certificates::buffer(12), 0},
         moved_b = certificates::linear_map{4, 2, certificates::buffer(8), 0};
    double squares_a = 0, squares_b = 0;
    for (std::size_t i = 0; i < 12; ++i) {
      const double d = 0.1 * random.normal();
      moved_a.entries.at[i] = a.entries.at[i] + d, squares_a += d * d;
    }
    for (std::size_t i = 0; i < 8; ++i) {
      const double d = 0.1 * random.normal();
      moved_b.entries.at[i] = b.entries.at[i] + d, squares_b += d * d;
    }
    a.error = std::sqrt(squares_a) * (1 + 1e-12), b.error = std::sqrt(squares_b) * (1 + 1e-12);
    const auto truth = certificates::product(moved_a, moved_b);
    double squares = 0;
    for (std::size_t i = 0; i < 6; ++i) squares += std::pow(truth.entries.at[i] - made.entries.at[i], 2);
    CHECK(std::sqrt(squares) <= certificates::product(a, b).error);
  }
}
