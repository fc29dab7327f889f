// SPDX-License-Identifier: Apache-2.0
#include <taut/layers/layer_norm.hpp>

#include "laws/laws.hpp"
#include "layers/projected.hpp"

namespace {

using namespace taut;
template <class... Options> using layer_norm = layer::layer_norm<Options...>;

static_assert(Layer<layer_norm<>> && LN.name.view() == "LayerNorm" && std::same_as<decltype(LN), decltype(LayerNorm)>);
static_assert(layer_norm<>::epsilon == 1e-5 && layer_norm<option::epsilon<0.5>>::epsilon == 0.5);
static_assert(layer_norm<>::pooled(shape{2, 5}).groups == 1 && layer_norm<>::pooled(shape{2, 5}).size == 10);
static_assert(layer_norm<option::over_last>::pooled(shape{2, 3, 5}).groups == 6);
static_assert(layer_norm<option::over_last>::pooled(shape{2, 3, 5}).size == 5);
static_assert(layer_norm<option::over_last>::features(shape{2, 3, 5}) == shape{5});
static_assert(layer_norm<option::over_last>::feature(shape{2, 3, 5}, 29) == 4);
static_assert(layer_norm<>::features(shape{2, 3}) == shape{2, 3} && layer_norm<>::largest(shape{2, 5}) == 3);
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
static_assert(layer_norm<option::over_last>::lipschitz(shape{9, 1}).value().upper == 0);

constexpr auto normalized = [] {
  const parameters<tests::net_of<shape{4}, layer_norm<option::epsilon<4.0>>>> p{};
  return evaluate(p, std::array{0.0, 0.0, 4 * 1.7320508075688772, 4 * 1.7320508075688772});  // variance 12
}();
static_assert(normalized[0] < -0.866 && normalized[0] > -0.8661 && normalized[2] == -normalized[0]);

constexpr auto tokens = [] {
  parameters<tests::net_of<shape{2, 2}, layer_norm<option::epsilon<3.0>, option::over_last>>> p{};
  get<0>(p).gain = {2, 4};
  get<0>(p).offset = {0, 1};
  return evaluate(p, std::array{10.0, 12.0, -7.0, -9.0});  // variance 1, root 2
}();
static_assert(tokens == std::array{-1.0, 3.0, 1.0, -1.0});

}  // namespace

namespace taut::tests {
void laws_of_layer_norm() {
  tests::check_laws<layer_norm<>, shape{1}>();
  tests::check_laws<layer_norm<option::min_std<0.25>>, shape{2}>({.tight = 0.75});
  tests::check_laws<layer_norm<option::min_std<0.5>>, shape{7}>({.tight = 0.7});
  tests::check_laws<layer_norm<option::epsilon<0.1>>, shape{5}>({.tight = 0.2});
  tests::check_laws<layer_norm<option::no_affine, option::min_std<0.3>>, shape{33}>({.tight = 0.4});
  tests::check_laws<layer_norm<option::gain_at_most<1.5>, option::min_std<0.5>>, shape{2, 3, 4}>({.tight = 0.3});
  tests::check_laws<layer_norm<option::epsilon<1.0>>, shape{6}>({.tight = 0.98});
}
}  // namespace taut::tests

TEST_CASE("layers.layer_norm: the laws of layers, over the last axis") {
  tests::check_laws<layer_norm<option::over_last, option::epsilon<1.0>>, shape{3, 5}>({.tight = 0.9});
  tests::check_laws<layer_norm<option::over_last>, shape{7, 1}>();
  tests::check_laws<layer_norm<option::over_last, option::min_std<0.2>>, shape{2, 2, 19}>({.tight = 0.1});
  tests::check_laws<layer_norm<option::over_last, option::no_affine, option::epsilon<1.0>>, shape{4}>({.tight = 0.9});
}

TEST_CASE("layers.layer_norm: PyTorch's formula, each token on its own with the same gains") {
  using Net = tests::net_of<shape{2, 3, 6}, layer_norm<option::over_last>>;
  const auto p = tests::random_parameters<Net>(3);
  static_assert(Net::parameter_count == 12);
  base::random_stream random(1);
  for (const double mean : {0.0, 1e6}) {
    auto x = tests::random_vector(random, 36);
    for (double& v : x) v += mean;
    const auto z = tests::projected(x, 6, true, 1e-5);
    const auto y = evaluate(p, x);
    for (std::size_t i = 0; i < 36; ++i) {
      const auto g = static_cast<double>(get<0>(p).gain[i % 6]), o = static_cast<double>(get<0>(p).offset[i % 6]);
      CHECK(y[i] == Approx(g * z[i] + o).epsilon(1e-13).margin(1e-12));
    }
  }
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
