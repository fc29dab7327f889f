// SPDX-License-Identifier: Apache-2.0
#include <taut/algebra/shape.hpp>

#include "support/catch.hpp"

namespace {

using taut::shape;

static_assert(shape{}.rank == 0 && shape{}.size() == 1 && shape{}.name().view() == "scalar");
static_assert(shape{64}.rank == 1 && shape{64}.size() == 64 && shape{64}.name().view() == "64");
static_assert(shape{8, 32}.size() == 256 && shape{8, 32}.name().view() == "8x32");
static_assert(shape{3, 8, 9}.size() == 216 && shape{3, 8, 9}.channels() == 3 && shape{3, 8, 9}.positions() == 72);
static_assert(shape{2, 3, 4, 5}.rank == 4 && shape{2, 3, 4, 5}.name().view() == "2x3x4x5");
static_assert(shape{7}.channels() == 7 && shape{7}.positions() == 1);
static_assert(shape{8} != shape{8, 1} && shape{8, 1} != shape{1, 8} && shape{2, 3} == shape{2, 3});

template <shape S> struct keyed {};
static_assert(!std::is_same_v<keyed<shape{4}>, keyed<shape{4, 1}>>);  // a shape may be a template argument

}  // namespace

TEST_CASE("algebra.shape: extents beyond the rank are one") {
  const shape s{5, 6};
  CHECK(s.extent[2] == 1);
  CHECK(s.extent[3] == 1);
  CHECK(s.size() == s.channels() * s.positions());
}
