// SPDX-License-Identifier: Apache-2.0
#include <taut/layers/centered_weight_norm.hpp>

#include "laws/laws.hpp"
#include "layers/batch.hpp"

namespace {

using namespace taut;
template <class Inner> using centered_weight_norm = layer::centered_weight_norm<Inner>;
template <std::size_t Out, class... Options> using linear = layer::linear<Out, 0, Options...>;
template <std::size_t Out, std::size_t K, class... Options> using conv1d = layer::conv1d<Out, K, Options...>;
template <std::size_t Out, std::size_t KH, std::size_t KW, class... Options> using conv2d =
    layer::conv2d<Out, KH, KW, Options...>;

static_assert(Layer<centered_weight_norm<linear<3>>> && Layer<centered_weight_norm<conv2d<4, 3, 3>>>);
static_assert(std::same_as<decltype(CenteredWeightNorm(Linear<3>)), centered_weight_norm<linear<3>>>);
static_assert(centered_weight_norm<linear<3>>::name.view() == "CenteredWeightNorm(Linear<3>)");
static_assert(tests::net_of<shape{7}, centered_weight_norm<linear<3>>>::parameter_count == 21 + 3 + 3);
static_assert(decltype(CenteredWeightNorm(Linear<3>(at_most<2.0>)))::lipschitz(shape{7}).value().upper == 2);

constexpr auto product = [] {
  parameters<tests::net_of<shape{4}, centered_weight_norm<linear<1, option::no_bias>>>> p{};
  get<0>(p).direction = {6, 8, 6, 8};
  get<0>(p).length = {10};
  return evaluate(p, std::array{1.0, 10.0, 100.0, 1000.0});  // the row is -5 5 -5 5
}();
static_assert(product[0] > 4545 - 1e-10 && product[0] < 4545 + 1e-10);
constexpr auto zeros =
    evaluate(parameters<tests::net_of<shape{2}, centered_weight_norm<linear<2>>>>{}, std::array{1.0, 2.0});
static_assert(zeros == std::array{0.0, 0.0});

// mean, relative to the length of the row
void check_rows(const auto& w, std::size_t rows, std::span<const float> lengths) {
  const std::size_t columns = w.size() / rows;
  for (std::size_t row = 0; row < rows; ++row) {
    const auto of_row = std::span(w).subspan(row * columns, columns);
    double sum = 0;
    for (const double v : of_row) sum += v;
    const double g = std::abs(static_cast<double>(lengths[row]));
    CHECK(std::abs(sum) <= 1e-13 * g);
    CHECK(tests::norm(of_row) == Approx(g).epsilon(1e-13));
  }
}

}  // namespace

namespace taut::tests {
void laws_of_centered_weight_norm() {
  check_laws<centered_weight_norm<linear<3>>, shape{2}>({.tight = 0.98});
  check_laws<centered_weight_norm<linear<5>>, shape{7}>({.tight = 0.98});
  check_laws<centered_weight_norm<linear<33, option::no_bias>>, shape{18}>({.tight = 0.8});
  check_laws<centered_weight_norm<linear<4, option::at_most<0.5>>>, shape{9}>({.tight = 0.9});
  check_laws<centered_weight_norm<conv1d<4, 3, option::padding<1, 1>, option::stride<2, 2>>>, shape{2, 9}>(
      {.tight = 0.9});
  check_laws<centered_weight_norm<conv2d<4, 2, 3, option::groups<2>>>, shape{2, 4, 5}>({.tight = 0.9});
}
}  // namespace taut::tests

TEST_CASE("layers.centered_weight_norm: rows have mean 0 and length g, also where mean/std of v is 1e6") {
  for (const float mean : {0.0f, 1e3f, 1e6f}) {
    auto p = tests::random_parameters<tests::net_of<shape{19}, centered_weight_norm<linear<6>>>>(1);
    for (float& v : get<0>(p).direction) v += mean;
    check_rows((*folded<0>(p)).weight, 6, get<0>(p).length);
    tests::check_engines(p, 1, 2);
    tests::check_bound(p, 1, {.tight = 0.9});
  }
}

TEST_CASE("layers.centered_weight_norm: a raw row that is constant gives zeros, not rounding errors") {
  const auto check = []<std::size_t Columns>() {
    for (const double constant : {0.0, 0.1, -1.0 / 3, 1e-30, 1e-42, 7e8}) {
      parameters<tests::net_of<shape{Columns}, centered_weight_norm<linear<1>>>, double> p{};
      get<0>(p).direction.fill(constant);
      INFO(Columns << " times " << constant);
      const auto held = folded<0>(p);
      for (const double w : (*held).weight) CHECK(w == 0);
    }
  };
  check.operator()<1>();
  check.operator()<3>();
  check.operator()<10>();
  check.operator()<49>();
  check.operator()<77>();
}

TEST_CASE("layers.centered_weight_norm: one number that differs by a rounding is a direction") {
  parameters<tests::net_of<shape{16}, centered_weight_norm<linear<1>>>> p{};
  get<0>(p).direction.fill(1);
  get<0>(p).direction[5] = 1 + 0x1p-23f;
  check_rows((*folded<0>(p)).weight, 1, get<0>(p).length);
}

TEST_CASE("layers.centered_weight_norm: the gradient of v has mean 0 in each row; training is numeric") {
  using L = centered_weight_norm<linear<3>>;
  const auto p = tests::random_parameters<tests::net_of<shape{5}, L>>(2);
  tests::check_batch<L, shape{5}, batch<6>>(p, 1);
  tests::check_batch<centered_weight_norm<conv1d<2, 3>>, shape{2, 6}, batch<3>>(
      tests::random_parameters<tests::net_of<shape{2, 6}, centered_weight_norm<conv1d<2, 3>>>>(3), 2);
  base::random_stream random(3);
  const auto x = tests::random_vector(random, 30), u = tests::random_vector(random, 18);
  const tests::trained_batch<double, L, shape{5}, batch<6>> step(converted<double>(p), x, u);
  for (std::size_t row = 0; row < 3; ++row) {
    double sum = 0;
    for (std::size_t i = 0; i < 5; ++i) sum += get<0>(step.slope).direction[row * 5 + i];
    CHECK(std::abs(sum) < 1e-13);
  }
}
