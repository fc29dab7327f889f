// SPDX-License-Identifier: Apache-2.0
#include <taut/layers/residual.hpp>

#include "laws/laws.hpp"
#include "layers/batch.hpp"

namespace {

using namespace taut;
template <class... Layers> using residual = layer::residual<sequence<Layers...>>;
template <std::size_t Out, class... Options> using linear = layer::linear<Out, 0, Options...>;
template <std::size_t Out, std::size_t K, class... Options> using conv1d = layer::conv1d<Out, K, Options...>;

static_assert(Layer<residual<linear<3>>> && residual<linear<3>>::name.view() == "Residual");
static_assert(
    std::same_as<decltype(Residual(Linear<5> >> ReLU >> Linear<4>)), residual<linear<5>, layer::relu, linear<4>>>);
static_assert(Layer<decltype(Residual(ReLU))> && Layer<decltype(Residual(Residual(Linear<3>)))>);

// it takes what its layers take and keep
static_assert(residual<linear<3>>::accepts(shape{3}) && !residual<linear<3>>::accepts(shape{4}));
static_assert(!residual<linear<3>>::accepts(shape{3, 1}));
static_assert(residual<linear<5>, layer::relu, linear<4>>::accepts(shape{4}));
static_assert(!residual<layer::linear<5, 6>, linear<4>>::accepts(shape{4}));  // the first refuses 4 numbers
static_assert(residual<conv1d<2, 3, option::padding<1, 1>>>::accepts(shape{2, 9}));
static_assert(!residual<conv1d<2, 3>>::accepts(shape{2, 9}));
static_assert(residual<linear<5>, layer::relu, linear<4>>::multiply_adds(shape{4}) == 40);
static_assert(tests::net_of<shape{4}, residual<linear<5>, layer::relu, linear<4>>>::parameter_count == 25 + 24);
static_assert(residual<linear<3, option::no_bias>, layer::relu>::homogeneous && !residual<linear<3>>::homogeneous);
static_assert(!residual<linear<3, option::no_bias>, layer::tanh>::homogeneous);

// the bound of the type
static_assert(residual<linear<3, option::at_most<0.5>>, layer::tanh>::lipschitz(shape{3}).value().upper == 1.5);
static_assert(!residual<linear<3>>::lipschitz(shape{3}).closed());
static_assert(residual<linear<3>>::combined_lipschitz({0.25}) == 1.25);

constexpr auto sum = [] {
  parameters<tests::net_of<shape{2}, residual<linear<2>, layer::relu>>> p{};
  auto& f = std::get<0>(get<0>(p).inside);
  get<0>(f).weight = {1, 2, 3, 4};
  get<0>(f).bias = {0, -20};
  return evaluate(p, std::array{1.0, 3.0});
}();
static_assert(sum == std::array{1.0 + 7, 3.0 + 0});

}  // namespace

namespace taut::tests {
void laws_of_residual() {
  check_laws<residual<linear<4>>, shape{4}>({.tight = 0.5});
  check_laws<residual<linear<7>, layer::tanh, linear<5>>, shape{5}>({.tight = 0.3, .gradient_error = 1e-5});
  check_laws<residual<layer::layer_norm<option::epsilon<1.0>>>, shape{17}>({.tight = 0.3});
  check_laws<residual<layer::batch_norm<>, layer::tanh>, shape{3, 2}>({.tight = 0.3, .gradient_error = 1e-5});
  check_laws<residual<conv1d<2, 3, option::padding<1, 1>>, layer::group_norm<2, option::epsilon<1.0>>>, shape{2, 5}>(
      {.tight = 0.1});
  check_laws<residual<layer::residual<sequence<linear<3>>>, linear<3>>, shape{3}>({.tight = 0.3});
}
}  // namespace taut::tests

TEST_CASE("layers.residual: where f is a positive multiple of the identity, the constant is attained") {
  parameters<tests::net_of<shape{3}, residual<linear<3, option::no_bias>>>> p{};
  auto& w = get<0>(std::get<0>(get<0>(p).inside)).weight;
  for (std::size_t i = 0; i < 3; ++i) w[i * 4] = 2;
  CHECK(lipschitz_of(p).value == Approx(3).epsilon(1e-6));
  tests::check_bound(p, 1, {.tight = 0.98});
}

TEST_CASE("layers.residual: training steps through the layers inside, statistics move once") {
  using L = residual<linear<4>, layer::batch_norm<>, layer::tanh, linear<3>>;
  using Net = tests::net_of<shape{3}, L>;
  const auto p = tests::random_parameters<Net>(5);
  tests::check_batch<L, shape{3}, batch<7>>(p, 5);
  tests::check_batch<residual<L>, shape{3}, batch<4>>(tests::random_parameters<tests::net_of<shape{3}, residual<L>>>(6),
                                                      6);
  base::random_stream random(1);
  const auto x = tests::random_vector(random, 21);
  const tests::trained_batch<double, L, shape{3}, batch<7>> step(converted<double>(p), x, x);
  CHECK(get<1>(std::get<0>(get<0>(step.after).inside)).batches[0] ==
        get<1>(std::get<0>(get<0>(p).inside)).batches[0] + 1);
}

TEST_CASE("layers.residual: NaN and infinity are not lost") {
  const auto p = tests::random_parameters<tests::net_of<shape{3}, residual<linear<3>, layer::tanh>>>(1);
  for (const float strange : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    const std::array x{1.0f, strange, 2.0f};
    CHECK_FALSE(std::isfinite(compile(p)(x)[1]));
    CHECK_FALSE(std::isfinite(evaluate(p, x)[1]));
  }
}
