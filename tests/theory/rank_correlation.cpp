// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>
#include <taut/theory/rank_correlation.hpp>

#include "support/catch.hpp"

using namespace taut;

TEST_CASE("theory.rank_correlation: ranks, and what equal numbers share") {
  CHECK(ranks_of(std::array{3.0, -1.0, 8.0}) == std::vector<double>{2, 1, 3});
  CHECK(ranks_of(std::array{5.0, 2.0, 5.0, 9.0, 5.0}) == std::vector<double>{3, 1, 3, 5, 3});
  CHECK(ranks_of({}).empty());
  CHECK_THROWS_AS(ranks_of(std::array{1.0, std::nan(""), 2.0}), std::invalid_argument);
  CHECK_THROWS_AS(rank_correlation(std::array{1.0, 2.0}, std::array{1.0, std::nan("")}), std::invalid_argument);
}

TEST_CASE("theory.rank_correlation: any rising function gives 1, a falling one -1") {
  const std::array<double, 5> x{0.1, 7, -2, 3, 100}, rising{1e-9, 40, -8, 27, 41}, falling{5, 2, 6, 3, 1};
  CHECK(rank_correlation(x, rising) == Approx(1));
  CHECK(rank_correlation(x, falling) == Approx(-1));
  CHECK(rank_correlation(x, std::array{4.0, 4.0, 4.0, 4.0, 4.0}) == 0);
  // ranks 1 2 3 4 against 2 1 4 3: 1 - 6 (1 + 1 + 1 + 1) / (4 15)
  CHECK(rank_correlation(std::array{1.0, 2.0, 3.0, 4.0}, std::array{20.0, 10.0, 40.0, 30.0}) == Approx(0.6));
  // ties: ranks 1.5 1.5 3 against 1 2 3; sqrt(3) / 2
  CHECK(rank_correlation(std::array{1.0, 1.0, 2.0}, std::array{1.0, 2.0, 3.0}) == Approx(0.8660254037844386));
  CHECK_THROWS_WITH(rank_correlation(x, std::array{1.0}), "rank_correlation: each number of a belongs to one of b");
}
