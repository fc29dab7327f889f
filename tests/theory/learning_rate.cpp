// SPDX-License-Identifier: Apache-2.0
#include <taut/layers/linear.hpp>
#include <taut/net/compose.hpp>
#include <taut/theory/learning_rate.hpp>
#include <taut/train/fit.hpp>

#include "support/catch.hpp"

using namespace taut;

TEST_CASE("theory.learning_rate: the largest, the range and the best of a sweep") {
  const rate_sweep tried{{0.5, 0.97}, {0.1, 0.95}, {8, 0.1}, {1, 0.97}, {0.01, 0.3}, {2, 0.9}};
  CHECK(largest_usable(tried, 0.9) == 2);
  CHECK(largest_usable(tried, 0.95) == 1);
  CHECK(largest_usable(tried, 0.98) == 0);
  CHECK(usable_range(tried, 0.9) == Approx(20));
  CHECK(usable_range(tried, 0.98) == 0);
  CHECK(best_rate(tried) == 0.5);
  CHECK_THROWS_AS(best_rate({}), std::invalid_argument);
}

TEST_CASE("theory.learning_rate: rates in equal ratios") {
  CHECK(geometric(0.25, 2, 2) == std::vector<double>{0.25, 0.5, 1, 2});
  CHECK(geometric(1, 99, 10).size() == 2);
  CHECK(geometric(0.001, 1, 10).size() == 4);
  CHECK_THROWS_AS(geometric(0, 1, 2), std::invalid_argument);
  CHECK_THROWS_AS(geometric(1, 2, 1), std::invalid_argument);
}

TEST_CASE("theory.learning_rate: a training that diverges counts as accuracy 0, other mistakes are seen") {
  struct net : decltype(Input<1> >> Linear<2>) {};
  dataset data{array<float, 2>::from_shape({2, 1}), {0, 1}};
  data.inputs(0, 0) = data.inputs(1, 0) = 1e18f;  // which no network tells apart
  const auto train = [&](double rate) {
    return trained_or_diverged([&] {
      parameters<net> p;
      initialise(p, 1);
      return fit(p, data, batch<2>{}, {.epochs = 40, .learning_rate = rate}).back().train.accuracy;
    });
  };
  CHECK(train(1e-39) == 0.5);
  CHECK(train(1e30) == 0);
  CHECK_THROWS_AS(train(-1), std::invalid_argument);
}
