// SPDX-License-Identifier: Apache-2.0
#include <taut/layers/avg_pool.hpp>

#include "laws/laws.hpp"

namespace {

using namespace taut;
template <std::size_t A, std::size_t B = A, class... Options> using avg_pool = layer::avg_pool<A, B, Options...>;

static_assert(Layer<avg_pool<2>> && AvgPool<2>.name.view() == "AvgPool<2>" && avg_pool<2>::homogeneous);
static_assert(std::same_as<decltype(AvgPool<2, 3>(stride<2, 1>)), avg_pool<2, 3, option::stride<2, 1>>>);
static_assert(avg_pool<2>::output(shape{3, 8, 9}) == shape{3, 4, 4} &&
              avg_pool<2>::multiply_adds(shape{3, 4, 4}) == 48);
static_assert(avg_pool<2>::lipschitz(shape{3, 8, 8}).value().upper == 0.5);  // 1 / sqrt(m)
static_assert(avg_pool<4>::lipschitz(shape{3, 8}).value().upper == 0.5);
static_assert(avg_pool<3, 3, option::stride<1, 1>>::lipschitz(shape{3, 8, 8}).value().upper == 1);  // sqrt(c / m)
constexpr double corner =
    avg_pool<3, 3, option::stride<3, 3>, option::padding<1, 1>>::lipschitz(shape{1, 1}).value().upper;
static_assert(corner >= 1.0 / 3 && corner < 0.3334);  // one position, the rest is padding

constexpr auto means = [] {
  const parameters<tests::net_of<shape{1, 2, 4}, avg_pool<2, 2, option::padding<0, 1>>>> p{};
  return evaluate(p, std::array<double, 8>{1, 2, 3, 4, 5, 6, 7, 8});
}();
static_assert(means == std::array<double, 3>{1.5, 4.5, 3});  // padding counts as zeros: (1 + 5) / 4

}  // namespace

namespace taut::tests {
void laws_of_avg_pool() {
  tests::check_laws<avg_pool<1>, shape{3, 5}>({.tight = 0.98});
  tests::check_laws<avg_pool<2>, shape{2, 6}>({.tight = 0.98});
  tests::check_laws<avg_pool<4>, shape{1, 18}>({.tight = 0.98});
  tests::check_laws<avg_pool<3, 3, option::stride<4, 4>, option::padding<1, 1>>, shape{2, 17}>({.tight = 0.98});
  tests::check_laws<avg_pool<3, 3, option::stride<1, 1>>, shape{2, 7}>({.tight = 0.8});
  tests::check_laws<avg_pool<2>, shape{2, 5, 7}>({.tight = 0.98});
  tests::check_laws<avg_pool<3, 3, option::padding<1, 1>>, shape{1, 2, 2}>({.tight = 0.98});
  tests::check_laws<avg_pool<2, 3, option::padding<1, 0>>, shape{1, 4, 6}>({.tight = 0.98});
  tests::check_laws<avg_pool<3, 3, option::stride<2, 1>, option::padding<1, 1>>, shape{3, 6, 5}>({.tight = 0.5});
}
}  // namespace taut::tests

TEST_CASE("layers.avg_pool: infinities and NaN stay in their windows") {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  const parameters<tests::net_of<shape{1, 6}, avg_pool<2>>> p{};
  const auto y = evaluate(p, std::array{infinity, 1.0f, 2.0f, 4.0f, infinity, -infinity});
  CHECK(y[0] == static_cast<double>(infinity));
  CHECK(y[1] == 3);
  CHECK(std::isnan(y[2]));
}
