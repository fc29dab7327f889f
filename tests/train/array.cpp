// SPDX-License-Identifier: Apache-2.0
#include <taut/train/array.hpp>

#include "support/catch.hpp"

TEST_CASE("train.array: rows are contiguous, whatever xtensor's default is") {
  auto a = taut::array<float, 2>::from_shape({3, 4});
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = 0; j < 4; ++j) a(i, j) = static_cast<float>(10 * i + j);
  REQUIRE(a.size() == 12);
  CHECK(a.shape(0) == 3);
  CHECK(a.shape(1) == 4);
  CHECK(a.data()[1 * 4 + 2] == 12);
}
