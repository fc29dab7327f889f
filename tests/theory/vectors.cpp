// SPDX-License-Identifier: Apache-2.0
#include <taut/theory/vectors.hpp>

#include "support/catch.hpp"

using namespace taut;

TEST_CASE("theory.vectors: products, lengths, unit vectors, sums") {
  const std::vector<double> x{3, 0, 4}, y{1, 2, -1};
  CHECK(base::dot(x, y) == -1);
  CHECK(base::length(x) == 5);
  CHECK(base::normalized(x) == std::vector{0.6, 0.0, 0.8});
  std::vector<double> sum = y;
  base::add(sum, 2, x);
  CHECK(sum == std::vector<double>{7, 2, 7});
}
