// SPDX-License-Identifier: Apache-2.0
#include <taut/layers/layer_norm.hpp>

#include "laws/laws.hpp"

namespace {

using namespace taut;
template <class... Options> using layer_norm = layer::layer_norm<Options...>;

static_assert(Layer<layer_norm<>> && LN.name.view() == "LayerNorm" && std::same_as<decltype(LN), decltype(LayerNorm)>);
static_assert(layer_norm<>::epsilon == 1e-5 && layer_norm<option::epsilon<0.5>>::epsilon == 0.5);
static_assert(layer_norm<>::pooled(shape{2, 5}).groups == 1 && layer_norm<>::pooled(shape{2, 5}).size == 10);
static_assert(layer_norm<>::has_affine && !layer_norm<option::no_affine>::has_affine);
static_assert(std::same_as<decltype(LN(min_std<0.5>, no_affine)), layer_norm<option::min_std<0.5>, option::no_affine>>);

// the bound of the type: gain / sqrt(std^2 + epsilon), nothing for one feature, open without a limit of the gain
constexpr auto term = layer_norm<>::lipschitz(shape{4});
static_assert(term.first_open()->declare == std::string_view("gain_at_most<g>"));
constexpr double bounded =
    layer_norm<option::gain_at_most<3.0>, option::min_std<4.0>, option::epsilon<9.0>>::lipschitz(shape{4})
        .value()
        .upper;
static_assert(bounded >= 0.6 && bounded <= 0.6 * (1 + 1e-15));
static_assert(layer_norm<option::no_affine, option::epsilon<0.25>>::lipschitz(shape{4}).value().upper == 2);
static_assert(layer_norm<>::lipschitz(shape{1}).value().upper == 0);

constexpr auto normalized = [] {
  const parameters<tests::net_of<shape{4}, layer_norm<option::epsilon<4.0>>>> p{};
  return evaluate(p, std::array{0.0, 0.0, 4 * 1.7320508075688772, 4 * 1.7320508075688772});  // variance 12
}();
static_assert(normalized[0] < -0.866 && normalized[0] > -0.8661 && normalized[2] == -normalized[0]);

}  // namespace

TEST_CASE("layers.layer_norm: the laws of layers") {
  tests::check_laws<layer_norm<>, shape{1}>();
  tests::check_laws<layer_norm<option::min_std<0.25>>, shape{2}>({.tight = 0.75});
  tests::check_laws<layer_norm<option::min_std<0.5>>, shape{7}>({.tight = 0.7});
  tests::check_laws<layer_norm<option::epsilon<0.1>>, shape{5}>({.tight = 0.2});
  tests::check_laws<layer_norm<option::no_affine, option::min_std<0.3>>, shape{33}>({.tight = 0.4});
  tests::check_laws<layer_norm<option::gain_at_most<1.5>, option::min_std<0.5>>, shape{2, 3, 4}>({.tight = 0.3});
}

TEST_CASE("layers.layer_norm: outputs have mean 0 and variance v / (v + epsilon); shifts and scales of x vanish") {
  using Net = tests::net_of<shape{9}, layer_norm<option::no_affine>>;
  const parameters<Net> p{};
  base::random_stream random(1);
  for (int sample = 0; sample < 10; ++sample) {
    auto x = tests::random_vector(random, 9);
    const auto y = evaluate(p, x);
    double mean = 0, squares = 0, variance = 0, middle = 0;
    for (const double v : x) middle += v / 9;
    for (const double v : x) variance += (v - middle) * (v - middle) / 9;
    for (const double v : y) mean += v / 9, squares += v * v / 9;
    CHECK(std::abs(mean) < 1e-14);
    CHECK(squares == Approx(variance / (variance + 1e-5)).epsilon(1e-12));
    for (double& v : x) v = 1e3 * v + 1e6;
    const auto moved = evaluate(p, x);
    for (std::size_t i = 0; i < 9; ++i) CHECK(moved[i] == Approx(y[i]).margin(1e-4));
  }
}

TEST_CASE("layers.layer_norm: claims are visited where they are declared") {
  tests::claims_keeper keeper;
  parameters<tests::net_of<shape{3}, layer_norm<option::gain_at_most<0.5>>>> p{};
  for_each_claim(p, keeper);
  for (const float g : get<0>(p).gain) CHECK(g == Approx(0.5).epsilon(1e-5));
  parameters<tests::net_of<shape{3}, layer_norm<>>> free{};
  for_each_claim(free, keeper);
  for (const float g : get<0>(free).gain) CHECK(g == 1);
}
