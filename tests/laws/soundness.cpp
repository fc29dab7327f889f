// SPDX-License-Identifier: Apache-2.0
// 1000 random small networks: no pair of inputs that a search finds is steeper than the proved bound.
#include "laws/slope.hpp"
#include "support/catch.hpp"

namespace {

using namespace taut;
using namespace taut::tests;

struct plain : decltype(Input<4> >> Linear<5> >> ReLU >> Linear<3>) {};
struct one_matrix : decltype(Input<6> >> Linear<4>(no_bias)) {};
struct smooth : decltype(Input<3> >> Linear<6> >> Tanh >> Linear<2>) {};
struct deep : decltype(Input<3> >> Linear<4> >> ReLU >> Linear<4> >> Tanh >> Linear<4> >> ReLU >> Linear<2>) {};
struct normalized : decltype(Input<4> >> Linear<5> >> LN >> ReLU >> Linear<3>) {};
struct floored : decltype(Input<4> >> Linear<5> >> LN(min_std<0.25>) >> ReLU >> Linear<3>) {};
struct bare : decltype(Input<4> >> Linear<6>(no_bias) >> LN(no_affine, min_std<0.1>) >> Linear<3>(no_bias)) {};
struct large_epsilon : decltype(Input<5> >> Linear<4> >> LN(epsilon<1.0>) >> Tanh >> Linear<2>) {};
struct both_options : decltype(Input<5> >> Linear<7> >> LN(epsilon<0.1>, min_std<0.5>) >> Linear<3>) {};
struct twice : decltype(Input<4> >> Linear<5> >> LN(min_std<0.2>) >> ReLU >> Linear<5> >> LN(min_std<0.2>) >> ReLU >>
                        Linear<2>) {};
struct twice_open
    : decltype(Input<3> >> Linear<4> >> LN(epsilon<0.05>) >> Linear<4> >> LN(epsilon<0.05>) >> Linear<2>) {};
struct first : decltype(Input<6> >> LN(min_std<0.3>) >> Linear<4> >> ReLU >> Linear<2>) {};
struct last : decltype(Input<4> >> Linear<5> >> ReLU >> LN(min_std<0.2>)) {};
struct alone : decltype(Input<5> >> LN(min_std<0.5>)) {};
struct in_a_row : decltype(Input<5> >> Linear<4> >> LN(min_std<0.3>) >> LN(min_std<0.3>) >> Linear<3>) {};
struct of_two : decltype(Input<3> >> Linear<2> >> LN(min_std<0.25>) >> Linear<2>) {};
struct of_two_open : decltype(Input<3> >> Linear<2> >> LN(epsilon<0.01>) >> ReLU >> Linear<2>) {};
struct of_one : decltype(Input<3> >> Linear<1> >> LN >> ReLU >> Linear<2>) {};
struct through_one : decltype(Input<4> >> Linear<1> >> Tanh >> Linear<4> >> LN(min_std<0.2>) >> Linear<2>) {};
struct image : decltype(Input<2, 2, 2> >> LN(min_std<0.3>) >> ReLU >> LN(epsilon<0.1>)) {};

struct totals {
  std::size_t nets = 0, pairs = 0;
  double nearest = 0;  // the largest observed part of a bound
};

// `reached`: the part of the bound that the search is known to find for the best of the 50.
template <class Net> void refute(const char* name, double reached, totals& sum) {
  double nearest = 0;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    const double scale = seed % 5 == 0 ? 3 : seed % 7 == 0 ? 0.3 : 1;
    auto p = random_parameters<Net>(seed * 13, scale);
    if (seed % 6 == 0)  // gains of very different size, where centred norms matter most
      base::for_each_index<Net::depth>([&]<std::size_t I>() {
        if constexpr (requires { get<I>(p).gain; })
          for (std::size_t i = 0; i < get<I>(p).gain.size(); ++i) get<I>(p).gain[i] *= i == seed % 3 ? 10.0f : 0.1f;
      });
    const auto bound = lipschitz_of(p).value;
    const auto found = steepest_pair(p, seed, {.starts = 12, .steps = 250});
    INFO(name << ", seed " << seed << ": observed " << found.climbed << ", proved " << bound);
    CHECK(is_below(found.climbed, bound));
    CHECK(std::isfinite(bound));
    if (bound > 0) nearest = std::max(nearest, found.climbed / bound);
    sum.pairs += found.pairs;
    ++sum.nets;
  }
  sum.nearest = std::max(sum.nearest, nearest);
  CHECK(nearest >= reached);
}

}  // namespace

TEST_CASE("laws.soundness: no observed slope exceeds the proved bound of 1000 random networks") {
  totals sum;
  refute<plain>("plain", 0.85, sum);
  refute<one_matrix>("one_matrix", 0.99, sum);
  refute<smooth>("smooth", 0.77, sum);
  refute<deep>("deep", 0.3, sum);
  refute<normalized>("normalized", 0.3, sum);
  refute<floored>("floored", 0.65, sum);
  refute<bare>("bare", 0.8, sum);
  refute<large_epsilon>("large_epsilon", 0.65, sum);
  refute<both_options>("both_options", 0.7, sum);
  refute<twice>("twice", 0.03, sum);
  refute<twice_open>("twice_open", 0.25, sum);
  refute<first>("first", 0.75, sum);
  refute<last>("last", 0.8, sum);
  refute<alone>("alone", 0.99, sum);
  refute<in_a_row>("in_a_row", 0.6, sum);
  refute<of_two>("of_two", 0.85, sum);
  refute<of_two_open>("of_two_open", 0.9, sum);
  refute<of_one>("of_one", 0, sum);
  refute<through_one>("through_one", 0.55, sum);
  refute<image>("image", 0.6, sum);
  CHECK(sum.nets == 1000);
  CHECK(sum.pairs > 10000);    // of 12000: the search may fail to meet a floor, but not often
  CHECK(sum.nearest > 0.999);  // and it is no weak search: some bound is reached
}
