// SPDX-License-Identifier: Apache-2.0
// One flat list, whatever way the network was built, at lengths around the twelve of a level, and with what repeats.
#include <concepts>
#include <string_view>
#include <taut/layers/linear.hpp>
#include <taut/layers/relu.hpp>
#include <taut/net/flat.hpp>
#include <taut/net/network.hpp>
#include <type_traits>
#include <utility>

#include "support/catch.hpp"

namespace {

using namespace taut;

// Input<1> >> Linear<2> >> Linear<3> >> ...
template <std::size_t N, class Whole> constexpr auto grown(Whole whole) {
  if constexpr (N == 0) return whole;
  else return grown<N - 1>(whole >> layer::linear<Whole::depth + 2, 0>{});
}
template <std::size_t N> constexpr bool is_flat = []<std::size_t... I>(std::index_sequence<I...>) {
  using net = decltype(grown<N>(Input<1> >> layer::linear<2, 0>{}));
  struct model : net {};
  return std::same_as<base::layers_of<net>, base::list<layer::linear<I + 2, 0>...>> &&
         std::same_as<base::layers_of<model>, base::layers_of<net>>;
}(std::make_index_sequence<N + 1>{});

static_assert(is_flat<0> && is_flat<1> && is_flat<2> && is_flat<3> && is_flat<10> && is_flat<11> && is_flat<12> &&
              is_flat<70>);
static_assert(std::same_as<base::layers_of<network<layer::input<3>>>, base::list<>>);
static_assert(std::same_as<base::layers_of<network<layer::input<3>, layer::relu>>, base::list<layer::relu>>);

// Layer I of a network in which three layers repeat from one level to the next, then one, then three others
template <std::size_t I> using mixed =
    std::conditional_t<(I >= 48 && I < 90), layer::relu, layer::linear<(I % 3 + (I < 90 ? 1 : 4)), 0>>;
template <std::size_t I, std::size_t N, class Whole> constexpr auto grown_mixed(Whole whole) {
  if constexpr (I == N) return whole;
  else return grown_mixed<I + 1, N>(whole >> mixed<I>{});
}
template <std::size_t N, class First = network<layer::input<1>>>
constexpr bool is_flat_mixed = []<std::size_t... I>(std::index_sequence<I...>) {
  using net = decltype(grown_mixed<First::depth, N>(First{}));
  return std::same_as<base::layers_of<net>, base::list<mixed<I>...>> &&
         (std::same_as<base::layer_at<net, I>, mixed<I>> && ...) && net::depth == N;
}(std::make_index_sequence<N>{});
static_assert(is_flat_mixed<24> && is_flat_mixed<25> && is_flat_mixed<36> && is_flat_mixed<48> && is_flat_mixed<49>);
static_assert(is_flat_mixed<84> && is_flat_mixed<96> && is_flat_mixed<144>);
static_assert(is_flat_mixed<150, network<layer::input<1>, mixed<0>, mixed<1>, mixed<2>, mixed<3>>>);

// g++ spells out the names of all networks that a deep one grows from: those of repeating layers stay short
template <class T> constexpr std::size_t letters() { return std::string_view(__PRETTY_FUNCTION__).size(); }
template <std::size_t Blocks, class Whole> constexpr auto repeated(Whole whole) {
  if constexpr (Blocks == 0) return whole;
  else return repeated<Blocks - 1>(whole >> layer::linear<1, 0>{} >> layer::relu{});
}
static_assert(letters<decltype(repeated<120>(Input<1>))>() < letters<decltype(repeated<30>(Input<1>))>() + 10);

}  // namespace

TEST_CASE("net.flat: networks longer than their flat normal form have all facts") {
  using deep = decltype(grown<70>(Input<1> >> layer::linear<2, 0>{}));
  STATIC_REQUIRE(deep::depth == 71);
  STATIC_REQUIRE(Network<deep>);
  STATIC_REQUIRE(deep::output_size == 72);
  STATIC_REQUIRE(deep::shapes[40] == shape{41});
  std::size_t count = 0;
  for (std::size_t i = 1; i <= 71; ++i) count += (i + 1) * (i + 1);
  CHECK(deep::parameter_count == count);
}
