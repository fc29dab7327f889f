// SPDX-License-Identifier: Apache-2.0
#include <taut/net/pool.hpp>

#include "support/catch.hpp"

namespace {

using namespace taut;
template <std::size_t A, std::size_t B, class... Options> using pool = pool_windows<A, B, Options...>;
using half_padded = pool<3, 3, option::padding<1, 1>>;

static_assert(pool<2, 2>::stride.first == 2 && pool<2, 3>::stride.second == 3);  // by default the window
static_assert(pool<2, 3, option::stride<1, 2>>::stride.first == 1 &&
              pool<2, 3, option::stride<1, 2>>::stride.second == 2);
static_assert(pool<2, 2>::output(shape{3, 9}) == shape{3, 4} && pool<2, 2>::output(shape{3, 4, 7}) == shape{3, 2, 3});
static_assert(half_padded::output(shape{1, 4, 4}) == shape{1, 2, 2} && half_padded::accepts(shape{1, 1, 1}));

static_assert(pool<2, 2>::accepts(shape{3, 2}) && !pool<2, 2>::accepts(shape{3, 1}) && !pool<2, 2>::accepts(shape{8}));
static_assert(pool<2, 3>::accepts(shape{1, 2, 3}) && !pool<2, 3>::accepts(shape{1, 6}));
static_assert(!pool<2, 2, option::stride<1, 2>>::accepts(shape{1, 6}) && !pool<0, 0>::accepts(shape{1, 6}));
static_assert(!pool<3, 3, option::padding<2, 2>>::accepts(shape{1, 6}));

}  // namespace

TEST_CASE("net.pool: what is said to a wrong input") {
  CHECK(pool<2, 2>::wants.view() == "C x L or C x H x W, min 2");
  CHECK(half_padded::wants.view() == "C x L or C x H x W, min 1");
  CHECK(pool<2, 3>::wants.view() == "C x H x W, at least 2 x 3");
  CHECK(pool<3, 3, option::padding<2, 2>>::wants.view() == "padding <= half the window");
  CHECK(pool<0, 3>::wants.view() == "a window of at least 1");
  CHECK(pool<2, 2>::name("MaxPool").view() == "MaxPool<2>");
  CHECK(pool<2, 3>::name("MaxPool").view() == "MaxPool<2, 3>");
}
