// SPDX-License-Identifier: Apache-2.0
// The report of capacity: both regimes of normalization, what it says beside what each bound says alone, and refusals.
#include <taut/certify/capacity.hpp>
#include <taut/inference.hpp>

#include "laws/support.hpp"
#include "support/catch.hpp"

namespace {

using namespace taut;
using namespace taut::tests;

template <auto Norm> struct stack
    : decltype(Input<6> >> Linear<6>(no_bias) >> Norm >> Linear<6>(no_bias) >> Norm >> Linear<3>(no_bias)) {};
using large = stack<LayerNorm(no_affine, min_std<2.0>)>;
using small = stack<LayerNorm(no_affine, min_std<0.25>)>;

// LN-Nets of width 3 with two layer norms; one is limited, one is wider
struct two_merges : decltype(Input<5> >> Linear<3> >> LN >> Linear<3> >> LN(epsilon<1.0>) >> Linear<1>) {};
struct limited : decltype(Input<5> >> Linear<3>(at_most<2.0>) >> LN >> Linear<1>) {};
struct wider : decltype(Input<5> >> Linear<4> >> LN >> Linear<1>) {};
static_assert(certificates::vc_dimension_at_least<two_merges>() == 4);
static_assert(certificates::vc_dimension_at_least<limited>() == 0);
static_assert(certificates::vc_dimension_at_least<wider>() == 0);
static_assert(certificates::vc_dimension_at_least<large>() == 0);

}  // namespace

TEST_CASE("certify.capacity: large stds divide the product, small ones multiply it") {
  parameters<large> p{};
  randomise(p, 1, 2);
  parameters<small> q{};
  get<0>(q) = get<0>(p), get<2>(q) = get<2>(p), get<4>(q) = get<4>(p);
  const auto divided = capacity(p, {.input_norm = 4}), multiplied = capacity(q, {.input_norm = 4});

  CHECK(divided.normalization == regime::reduces);
  CHECK(multiplied.normalization == regime::increases);
  CHECK(divided.normalizer_factor == Approx(4 + 1e-5));
  CHECK(multiplied.normalizer_factor == Approx(0.0625 + 1e-5));
  CHECK(divided.lipschitz_without == multiplied.lipschitz_without);
  for (const auto& c : {divided, multiplied}) {
    CHECK(c.lipschitz_product == Approx(c.lipschitz_without / c.normalizer_factor));
    CHECK(c.lipschitz <= c.lipschitz_product * (1 + 1e-5));  // centred norms are smaller
    CHECK(c.layers.size() == 5);
    CHECK(c.layers[1].normalizes);
    CHECK_FALSE(c.layers[2].normalizes);
  }
  CHECK(divided.lipschitz < divided.lipschitz_without);
  CHECK(multiplied.lipschitz > multiplied.lipschitz_without);
  CHECK(divided.parameters < divided.parameters_without);
  CHECK(multiplied.parameters > divided.parameters);
}

TEST_CASE("certify.capacity: it says what the bounds say alone") {
  const auto p = random_parameters<small>(2, 1);
  const auto c = capacity(p, {.input_norm = 3, .radius = 0.1, .samples = 500, .loss_margin = 0.5});
  CHECK(c.lipschitz == lipschitz_of(p).value);
  CHECK(c.parameters == parameter_lipschitz_of(p, {.input_norm = 3, .radius = 0.1}).value);
  CHECK(c.smoothness.value == smoothness_of(p).value);
  CHECK(c.gradient_lipschitz == gradient_lipschitz_of(p));
  CHECK(c.parameter_count == small::parameter_count);
  CHECK(c.generalization.gap == generalization_of(c.setting).gap);
  CHECK(c.setting.loss_slope >= 2 * std::sqrt(2));
  CHECK(c.measured == 0);
  CHECK_FALSE(capacity(p).has_generalization);
  CHECK(capacity(p, {.lipschitz = 0.5 * c.lipschitz}).lipschitz == 0.5 * c.lipschitz);
  CHECK(capacity(p, {.lipschitz = 2 * c.lipschitz}).lipschitz == c.lipschitz);
}

TEST_CASE("certify.capacity: margins, radii and stds of samples") {
  const auto p = random_parameters<small>(3, 2);
  base::random_stream random(4);
  const auto x = random_vector<float>(random, 6 * 40);
  std::vector<std::size_t> labels(40);
  for (std::size_t k = 0; k < 40; ++k) {
    const auto y = evaluate(p, std::span<const float, 6>(&x[k * 6], 6));
    labels[k] = static_cast<std::size_t>(std::max_element(y.begin(), y.end()) - y.begin());
  }
  labels[0] = (labels[0] + 1) % 3;  // one is wrong
  const auto c = capacity(p, {.inputs = x, .labels = labels});
  CHECK(c.measured == 40);
  CHECK(c.correct == 39);
  CHECK(c.margin.least < 0);
  CHECK(c.margin.median > 0);
  CHECK(c.certified_radius.least == 0);
  CHECK(c.certified_radius.median <= c.certified_radius.most);
  CHECK(c.layers[1].smallest_std > 0);
  CHECK(c.layers[3].smallest_std > 0);
  CHECK(c.layers[0].smallest_std == 0);
  double largest = 0;
  for (std::size_t k = 0; k < 40; ++k) {
    const std::vector<double> each(x.begin() + static_cast<long>(k) * 6, x.begin() + static_cast<long>(k) * 6 + 6);
    largest = std::max(largest, norm(each));
  }
  CHECK(c.input_norm == Approx(largest));
  CHECK(c.input_norm_seen);
  CHECK_FALSE(capacity(p, {.samples = 40, .inputs = x}).has_generalization);  // cells are fixed before the data
  CHECK(capacity(p, {.input_norm = 9, .samples = 40, .inputs = x}).has_generalization);
  CHECK(capacity(p, {.inputs = x}).correct == 40);

  CHECK_THROWS_WITH(capacity(p, {.inputs = std::span(x).first(7)}), contains("no samples of 6"));
  CHECK_THROWS_WITH(capacity(p, {.inputs = x, .labels = std::span(labels).first(3)}), contains("3 labels for 40"));
  labels[5] = 3;
  CHECK_THROWS_WITH(capacity(p, {.inputs = x, .labels = labels}), contains("label 3 of 3"));
}

TEST_CASE("certify.capacity: quantiles are values, the least and the most among them") {
  std::vector<double> values;
  for (int i = 100; i >= 1; --i) values.push_back(i);
  const quantiles q = quantiles_of(values);
  CHECK(q.least == 1);
  CHECK(q.twentieth == 5);
  CHECK(q.quarter == 25);
  CHECK(q.median == 50);
  CHECK(q.three_quarters == 75);
  CHECK(q.all_but_twentieth == 95);
  CHECK(q.most == 100);
  CHECK(quantiles_of({7}).twentieth == 7);
}

TEST_CASE("certify.capacity: one layer norm shatters three points on a line, as the bound of its type says") {
  struct one_merge : decltype(Input<1> >> Linear<3> >> LN >> Linear<1>) {};
  static_assert(certificates::vc_dimension_at_least<one_merge>() == 3);
  const float points[] = {0, 1, 3};
  for (int labels = 0; labels < 8; ++labels) {
    const auto wanted = [labels](int k) { return (labels >> k & 1) != 0; };
    parameters<one_merge> p{};
    const bool between = wanted(0) == wanted(2) && wanted(1) != wanted(0);
    // the plane spanned by (1, -1, 0) and (1, 1, -2): the point (x - 1.5, 1) turns with x; read the second coordinate
    // to part the middle from the ends, the first to part left from right
    get<0>(p).weight = {1, -1, 0};
    get<0>(p).bias = {-1.5f + 1, 1.5f + 1, -2};
    if (between) {
      const float sign = wanted(1) ? 1 : -1;
      get<2>(p).weight = {sign, sign, -2 * sign};
      get<2>(p).bias = {-3.6f * sign};
    } else {
      const float sign = wanted(0) == wanted(2) ? 0 : wanted(2) ? 1 : -1;
      get<2>(p).weight = {sign, -sign, 0};
      get<2>(p).bias = {wanted(1) ? 1.0f : -1.0f};
    }
    for (int k = 0; k < 3; ++k) {
      const float x[] = {points[k]};
      CHECK((evaluate(p, x)[0] > 0) == wanted(k));
    }
  }
}
