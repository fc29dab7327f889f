// SPDX-License-Identifier: Apache-2.0
#include <taut/layers/global_avg_pool.hpp>

#include "laws/laws.hpp"

namespace {

using namespace taut;
using layer::global_avg_pool;

static_assert(Layer<global_avg_pool> && GlobalAvgPool.name.view() == "GlobalAvgPool" && global_avg_pool::homogeneous);
static_assert(global_avg_pool::output(shape{3, 8, 9}) == shape{3} && global_avg_pool::output(shape{3, 8}) == shape{3});
static_assert(!global_avg_pool::accepts(shape{3}) && global_avg_pool::accepts(shape{3, 1}));
static_assert(global_avg_pool::multiply_adds(shape{3, 4, 4}) == 48);
static_assert(global_avg_pool::lipschitz(shape{3, 8, 8}).value().upper == 0.125);
static_assert(global_avg_pool::lipschitz(shape{3, 1}).value().upper == 1);

constexpr auto means = evaluate(parameters<tests::net_of<shape{2, 2, 2}, global_avg_pool>>{},
                                std::array<double, 8>{1, 2, 3, 4, -5, 6, -7, 8});
static_assert(means == std::array<double, 2>{2.5, 0.5});

}  // namespace

namespace taut::tests {
void laws_of_global_avg_pool() {
  tests::check_laws<global_avg_pool, shape{1, 1}>({.tight = 0.98});
  tests::check_laws<global_avg_pool, shape{5, 1}>({.tight = 0.98});
  tests::check_laws<global_avg_pool, shape{3, 7}>({.tight = 0.98});
  tests::check_laws<global_avg_pool, shape{2, 5, 3}>({.tight = 0.98});
  tests::check_laws<global_avg_pool, shape{19, 2, 2}>({.tight = 0.98});
}
}  // namespace taut::tests

TEST_CASE("layers.global_avg_pool: infinities and NaN stay in their channels") {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  const auto y = evaluate(parameters<tests::net_of<shape{3, 2}, global_avg_pool>>{},
                          std::array{-infinity, 1.0f, 2.0f, 4.0f, infinity, -infinity});
  CHECK(y[0] == static_cast<double>(-infinity));
  CHECK(y[1] == 3);
  CHECK(std::isnan(y[2]));
}
