// SPDX-License-Identifier: Apache-2.0
#include <limits>
#include <taut/theory/learning_rate.hpp>

#include "support/catch.hpp"

using namespace taut;

TEST_CASE("theory.learning_rate: the largest rate and the range of a sweep") {
  const rate_sweep tried{{0.5, 0.97}, {0.1, 0.95}, {8, 0.1}, {1, 0.97}, {0.01, 0.3}, {2, 0.9}};
  CHECK(largest_usable(tried, 0.9) == 2);
  CHECK(largest_usable(tried, 0.95) == 1);
  CHECK(largest_usable(tried, 0.98) == 0);
  CHECK(usable_range(tried, 0.9) == Approx(20));
  CHECK(usable_range(tried, 0.98) == 0);
  CHECK(largest_usable({}, 0.5) == 0);
}

TEST_CASE("theory.learning_rate: rates in equal ratios") {
  CHECK(geometric(0.25, 2, 2) == std::vector<double>{0.25, 0.5, 1, 2});
  CHECK(geometric(1, 99, 10).size() == 2);
  CHECK(geometric(0.001, 1, 10).size() == 4);
  CHECK_THROWS_AS(geometric(0, 1, 2), std::invalid_argument);
  CHECK_THROWS_AS(geometric(1, 2, 1), std::invalid_argument);
  CHECK_THROWS_AS(geometric(1, std::numeric_limits<double>::infinity(), 2), std::invalid_argument);
}
