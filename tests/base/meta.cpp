// SPDX-License-Identifier: Apache-2.0
#include <taut/base/meta.hpp>
#include <type_traits>
#include <vector>

#include "support/catch.hpp"

namespace {

using namespace taut::base;

struct incomplete;
template <std::size_t I> struct number {};

using mixed = list<int, const double&, incomplete, void>;
static_assert(mixed::size == 4 && list<>::size == 0);
static_assert(std::is_same_v<at<mixed, 0>, int> && std::is_same_v<at<mixed, 1>, const double&>);
static_assert(std::is_same_v<at<mixed, 2>, incomplete> && std::is_same_v<at<mixed, 3>, void>);

template <class> struct numbers;
template <std::size_t... I> struct numbers<std::index_sequence<I...>> {
  using type = list<number<I>...>;
};
using many = numbers<std::make_index_sequence<600>>::type;
static_assert(std::is_same_v<at<many, 599>, number<599>> && std::is_same_v<at<many, 300>, number<300>>);

constexpr std::size_t sum_to(auto count) {
  std::size_t sum = 0;
  for_each_index<decltype(count)::value>([&]<std::size_t I>() { sum += I; });
  return sum;
}
static_assert(sum_to(std::integral_constant<std::size_t, 0>{}) == 0);
static_assert(sum_to(std::integral_constant<std::size_t, 300>{}) == 300 * 299 / 2);  // beyond clang's limit of folds

}  // namespace

TEST_CASE("base.meta: indices are visited in order") {
  std::vector<std::size_t> seen;
  for_each_index<5>([&]<std::size_t I>() { seen.push_back(I); });
  CHECK(seen == std::vector<std::size_t>{0, 1, 2, 3, 4});
}
