// SPDX-License-Identifier: Apache-2.0
// Four clusters in the plane: the label is the exclusive or of the signs, which no linear network can tell.
#pragma once
#include <cstddef>
#include <cstdint>
#include <taut/base/random.hpp>
#include <taut/train/dataset.hpp>
#include <vector>

namespace taut::tests {

inline dataset clusters(std::size_t count, std::uint64_t seed) {
  base::random_stream random(seed);
  std::vector<double> rows;
  for (std::size_t i = 0; i < count; ++i) {
    const double x = i % 2 == 0 ? 1 : -1, y = i % 4 < 2 ? 1 : -1;
    for (const double centre : {x, y}) rows.push_back(centre + 0.2 * random.normal());
    rows.push_back(x * y > 0 ? 1 : 0);
  }
  return labelled_rows(rows, 3);
}

}  // namespace taut::tests
