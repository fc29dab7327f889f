// SPDX-License-Identifier: Apache-2.0
#include <taut/layers/group_sort.hpp>

#include "laws/laws.hpp"

namespace {

using namespace taut;
template <std::size_t k> using group_sort = layer::group_sort<k>;

static_assert(Layer<group_sort<2>> && GroupSort<4>.name.view() == "GroupSort<4>" && group_sort<2>::homogeneous);
static_assert(std::same_as<decltype(MaxMin), decltype(GroupSort<2>)>);
static_assert(group_sort<2>::accepts(shape{6}) && !group_sort<4>::accepts(shape{6}) &&
              group_sort<3>::accepts(shape{6, 2}));
static_assert(!group_sort<1>::accepts(shape{6}) && !group_sort<0>::accepts(shape{6}));
static_assert(group_sort<2>::multiply_adds(shape{6}) == 0 && group_sort<2>::lipschitz(shape{6}).value().upper == 1);

constexpr auto pairs =
    evaluate(parameters<tests::net_of<shape{4}, group_sort<2>>>{}, std::array<double, 4>{3, 1, -2, 5});
static_assert(pairs == std::array<double, 4>{1, 3, -2, 5});
constexpr auto all =
    evaluate(parameters<tests::net_of<shape{5}, group_sort<5>>>{}, std::array<double, 5>{3, 1, -2, 5, 0});
static_assert(all == std::array<double, 5>{-2, 0, 1, 3, 5});
constexpr auto channels =
    evaluate(parameters<tests::net_of<shape{2, 3}, group_sort<2>>>{}, std::array<double, 6>{3, 1, -2, 5, 0, -1});
static_assert(channels == std::array<double, 6>{3, 0, -2, 5, 1, -1});  // along the channels, at each position

constexpr auto sent_back = [] {
  const no_parameters p{};
  no_parameters dp{};
  std::array<double, 4> x{7.0, 4, 7, 4};
  std::array<double, 4> y{4.0, 4, 7, 7};
  std::array<double, 4> dy{1.0, 2, 3, 4};
  std::array<double, 4> dx{9.0, 9, 9, 9};
  gradient<group_sort<4>, shape{4}>(p, x.data(), y.data(), dy.data(), dx.data(), dp);
  return dx;
}();
static_assert(sent_back == std::array<double, 4>{3, 1, 4, 2});  // of equal values the first stays first

}  // namespace

namespace taut::tests {
void laws_of_group_sort() {
  tests::check_laws<group_sort<2>, shape{2}>({.tight = 0.98});
  tests::check_laws<group_sort<2>, shape{34}>({.tight = 0.98});
  tests::check_laws<group_sort<4>, shape{12}>({.tight = 0.98});
  tests::check_laws<group_sort<2>, shape{4, 5}>({.tight = 0.98});
  tests::check_laws<group_sort<5>, shape{5, 2, 3}>({.tight = 0.98});
}
}  // namespace taut::tests

TEST_CASE("layers.group_sort: outputs are the sorted inputs, and gradients return to where the values came from") {
  constexpr std::size_t k = 7;
  base::random_stream random(2);
  const no_parameters p{};
  no_parameters dp{};
  for (int sample = 0; sample < 50; ++sample) {
    std::vector<double> x(k), y(k), dx(k), places(k);
    for (double& v : x) v = static_cast<double>(random.below(5));
    for (std::size_t i = 0; i < k; ++i) places[i] = static_cast<double>(i);
    forward<group_sort<k>, shape{k}>(p, x.data(), y.data());
    gradient<group_sort<k>, shape{k}>(p, x.data(), y.data(), places.data(), dx.data(), dp);
    auto sorted = x, permuted = dx;
    std::sort(sorted.begin(), sorted.end());
    std::sort(permuted.begin(), permuted.end());
    CHECK(y == sorted);
    CHECK(permuted == places);
    for (std::size_t i = 0; i < k; ++i) CHECK(y[static_cast<std::size_t>(dx[i])] == x[i]);
    for (std::size_t i = 1; i < k; ++i)
      for (std::size_t j = 0; j < i; ++j) CHECK((x[i] != x[j] || dx[j] < dx[i]));  // stable
  }
}

TEST_CASE("layers.group_sort: with positions in lanes the same bits") {
  constexpr shape in{6, 3, 11};
  constexpr std::size_t width = simd::width<simd::native>;
  base::random_stream random(5);
  const auto x = tests::random_vector<float>(random, in.size());
  std::vector<float> one(in.size()), wide(in.size()), replay(in.size());
  forward<group_sort<3>, in>(no_parameters{}, x.data(), one.data());
  group_sort<3>::run<in, simd::native>(no_parameters{}, x.data(), wide.data());
  group_sort<3>::run<in, simd::portable<width>>(no_parameters{}, x.data(), replay.data());
  CHECK(tests::same_bits(wide, one));
  CHECK(tests::same_bits(replay, one));
}

TEST_CASE("layers.group_sort: NaN, infinities and signed zeros are kept") {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();
  const parameters<tests::net_of<shape{3}, group_sort<3>>> p{};
  CHECK(evaluate(p, std::array{infinity, 0.0, -infinity}) == std::array{-infinity, 0.0, infinity});
  const auto zeros = evaluate(p, std::array<double, 3>{0, -0.0, -1});
  CHECK((!std::signbit(zeros[1]) && std::signbit(zeros[2])));
  for (std::size_t at = 0; at < 3; ++at) {
    std::array x{2.0, 1.0, 3.0};
    x[at] = nan;
    const auto y = evaluate(p, x);
    CHECK(std::count_if(y.begin(), y.end(), [](double v) { return std::isnan(v); }) == 1);
  }
}
