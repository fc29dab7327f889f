// SPDX-License-Identifier: Apache-2.0
// `>>` gives one flat list, however it is bracketed.
#include <taut/inference.hpp>

#include "support/catch.hpp"

namespace {

using namespace taut;
using layer::input, layer::linear, layer::relu;

template <class N> using flat = typename N::normal_form;
template <class A, class B> constexpr bool same = std::same_as<A, B>;

using expected = network<input<64>, linear<32, 0>, relu, linear<10, 0>>;
static_assert(same<flat<decltype(Input<64> >> Linear<32> >> ReLU >> Linear<10>)>, expected>);
static_assert(same<flat<decltype(Input<64> >> (Linear<32> >> ReLU >> Linear<10>))>, expected>);
static_assert(same<flat<decltype(Input<64> >> (Linear<32> >> (ReLU >> Linear<10>)))>, expected>);
static_assert(same<flat<decltype((Input<64> >> Linear<32>) >> (ReLU >> Linear<10>))>, expected>);
static_assert(same<decltype((Linear<32> >> ReLU) >> Linear<10>), sequence<linear<32, 0>, relu, linear<10, 0>>>);
static_assert(same<decltype(Linear<32> >> (ReLU >> Linear<10>)), sequence<linear<32, 0>, relu, linear<10, 0>>>);

// a named model can be continued
struct body : decltype(Input<64> >> Linear<32> >> ReLU) {};
struct whole : decltype(body{} >> Linear<10>) {};
static_assert(same<flat<whole>, expected> && whole::depth == 3 && body::depth == 2);
struct written_out : expected {};
static_assert(same<flat<decltype(written_out{} >> ReLU)>, flat<decltype(whole{} >> ReLU)>>);

static_assert(input<64>::extents == shape{64} && input<8, 32>::extents == shape{8, 32} &&
              input<3, 4, 5>::extents == shape{3, 4, 5});
static_assert(input<3, 4, 5>::name.view() == "Input<3, 4, 5>" && input<8, 32>::name.view() == "Input<8, 32>");

static_assert(base::is_input<input<3>> && !base::is_input<relu> && base::is_network<whole> && !base::is_network<relu>);
static_assert(base::Part<relu> && base::Part<whole> && base::Part<sequence<relu>> && !base::Part<int>);

// 300 layers: one flat list beyond the compilers' limits of folds and brackets
template <std::size_t N, class Part> constexpr auto repeated(Part part, auto net) {
  if constexpr (N == 0) return net;
  else if constexpr (N % 2 == 1) return repeated<N - 1>(part, net >> part);
  else return repeated<N / 2>(part >> part, net);
}
struct long_one : decltype(repeated<100>(Linear<2> >> LN >> ReLU, Input<2>)) {};
static_assert(long_one::depth == 300 && long_one::output_size == 2);

}  // namespace

TEST_CASE("net.compose: a composed network is empty and runs") {
  STATIC_REQUIRE(std::is_empty_v<whole>);
  parameters<whole> p{};
  get<2>(p).bias[3] = 2;
  CHECK(evaluate(p, std::array<double, 64>{})[3] == 2);
}
