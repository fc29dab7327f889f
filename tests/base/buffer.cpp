// SPDX-License-Identifier: Apache-2.0
#include <taut/base/buffer.hpp>

#include "support/catch.hpp"

namespace {

constexpr double sum_of_zeros = [] {
  const taut::base::buffer<double> b(5);
  double sum = 0;
  for (std::size_t i = 0; i < 5; ++i) sum += b.at[i];
  b.at[4] = 2;
  return sum + b.at[4];
}();
static_assert(sum_of_zeros == 2);

}  // namespace

TEST_CASE("base.buffer: elements are aligned as their type asks") {
  struct alignas(64) line {
    float values[16];
  };
  const taut::base::buffer<line> b(3);
  CHECK(reinterpret_cast<std::uintptr_t>(b.at) % 64 == 0);
  CHECK(b.at[2].values[15] == 0);
}
