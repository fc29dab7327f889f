// SPDX-License-Identifier: Apache-2.0
// What a layer is at inference: itself, or the plain layer that it folds to.
#include <taut/inference.hpp>

#include "laws/support.hpp"
#include "support/catch.hpp"

namespace {

using namespace taut;

struct net : decltype(Input<3> >> WeightNorm(Linear<2>) >> LN >> Linear<2> >> SpectralNorm<1.0>(Linear<2>)) {};

static_assert(std::same_as<folded_layer_of<net, 0>, layer::linear<2, 0>>);
static_assert(std::same_as<folded_layer_of<net, 1>, layer::layer_norm<>>);
static_assert(std::same_as<folded_layer_of<net, 3>, layer::linear<2, 0>>);

// what is stored is not copied; what is folded is in double
using stored = parameters_of_layer<layer::linear<2, 0>, shape{2}>;
using in_double = parameters_of_layer<layer::linear<2, 0>, shape{3}, double>;
static_assert(std::same_as<decltype(*folded<2>(std::declval<const parameters<net>&>())), const stored&>);
static_assert(std::same_as<decltype(*folded<0>(std::declval<const parameters<net>&>())), const in_double&>);

constexpr in_double unfolded_and_folded = [] {
  parameters<net> p{};
  get<0>(p).direction = {3, 0, 4, 0, -1, 0};
  get<0>(p).length = {5, 2};
  get<0>(p).bias = {1, 2};
  return *folded<0>(p);
}();
static_assert(unfolded_and_folded.weight[0] > 3 - 1e-14 && unfolded_and_folded.weight[0] < 3 + 1e-14);
static_assert(unfolded_and_folded.weight[4] > -2 - 1e-14 && unfolded_and_folded.weight[4] < -2 + 1e-14);
static_assert(unfolded_and_folded.bias == std::array{1.0, 2.0});

}  // namespace

TEST_CASE("net.folded: what is stored stays where it is, what is folded does not go through the stack") {
  const parameters<net> p{};
  CHECK(&*folded<2>(p) == &get<2>(p));
  struct large : decltype(Input<1200> >> WeightNorm(Linear<1000>)) {};  // 9.6 MB in double
  const auto wide = std::make_unique<parameters<large>>();
  get<0>(*wide).direction.fill(1);
  const auto held = folded<0>(*wide);
  CHECK((*held).weight[7] == Approx(1 / std::sqrt(1200.0)));
}

TEST_CASE("net.folded: reference and engine compute with the folded layer") {
  const auto p = tests::random_parameters<net>(1);
  parameters<decltype(Input<3> >> Linear<2> >> LN >> Linear<2> >> Linear<2>)::normal_form, double> plain{};
  get<0>(plain) = *folded<0>(p);
  convert_tensors(get<1>(plain), get<1>(p));
  convert_tensors(get<2>(plain), get<2>(p));
  get<3>(plain) = *folded<3>(p);
  const std::array x{0.5, -1.0, 2.0};
  CHECK(evaluate(p, x) == evaluate(plain, x));
  const std::array narrow{0.5f, -1.0f, 2.0f};
  CHECK(compile(p)(narrow) == compile(plain)(narrow));
  CHECK(lipschitz_of(p).value == Approx(lipschitz_of(plain).value).epsilon(1e-9));
}
