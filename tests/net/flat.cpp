// SPDX-License-Identifier: Apache-2.0
// One flat list, whatever way the network was built, at lengths around the twelve of a level.
#include <concepts>
#include <taut/layers/linear.hpp>
#include <taut/layers/relu.hpp>
#include <taut/net/flat.hpp>
#include <taut/net/network.hpp>
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
