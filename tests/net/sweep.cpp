// SPDX-License-Identifier: Apache-2.0
#include <taut/net/sweep.hpp>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using namespace taut;

TEST_CASE("net.sweep: blocks cover every element, the last one short or overlapping") {
  std::vector<std::pair<std::size_t, std::size_t>> blocks;
  for_each_block<4, 11>([&](std::size_t i, std::size_t n) { blocks.emplace_back(i, n); });
  for_each_block<4, 3>([&](std::size_t i, std::size_t n) { blocks.emplace_back(i, n); });
  CHECK(blocks == std::vector<std::pair<std::size_t, std::size_t>>{{0, 4}, {4, 4}, {8, 3}, {0, 3}});
  std::vector<std::size_t> starts;
  for_each_whole_block<4, 11>([&](std::size_t i) { starts.push_back(i); });
  for_each_whole_block<4, 8>([&](std::size_t i) { starts.push_back(i); });
  CHECK(starts == std::vector<std::size_t>{0, 4, 7, 0, 4});
}
