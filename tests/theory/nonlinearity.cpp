// SPDX-License-Identifier: Apache-2.0
#include <taut/layers/conv2d.hpp>
#include <taut/layers/flatten.hpp>
#include <taut/layers/group_norm.hpp>
#include <taut/layers/layer_norm.hpp>
#include <taut/layers/linear.hpp>
#include <taut/layers/max_pool.hpp>
#include <taut/layers/relu.hpp>
#include <taut/layers/residual.hpp>
#include <taut/layers/rms_norm.hpp>
#include <taut/layers/tanh.hpp>
#include <taut/net/compose.hpp>
#include <taut/theory/nonlinearity.hpp>

#include "support/catch.hpp"

using namespace taut;

static_assert(normalization_nonlinearity(8, 2) == 3.0 * 6 / (8 * 16));
static_assert(normalization_nonlinearity(2, 1) == 0, "two elements become 1 and -1: piecewise constant");
static_assert(grouping_amplification(8, 2) == 2 * 0.5 / 0.75 && grouping_amplification(8, 4) == 0);

namespace {

template <std::size_t N> std::array<double, N> sample(std::uint64_t seed) {
  base::random_stream random(seed);
  std::array<double, N> x{};
  for (double& v : x) v = random.normal() + 0.3;
  return x;
}

template <class Net> parameters<Net, double> randomly(std::uint64_t seed) {
  base::random_stream random(seed);
  parameters<Net, double> p;
  for_each_tensor(p, [&](auto, auto, auto values) {
    for (auto& v : values) v = 0.7 * random.normal() + 0.2;
  });
  return p;
}

template <class Net> void check_closed_form(std::uint64_t seed) {
  using L = layer_of<Net, 0>;
  CAPTURE(std::string_view(L::name));
  const auto p = randomly<Net>(seed);
  const auto x = sample<Net::input_size>(seed + 1);
  const double closed = layer_nonlinearity<L, Net::shapes[0]>(get<0>(p), x.data());
  CHECK(closed > 0);
  CHECK(nonlinearity(p, x) == Approx(closed).epsilon(1e-10));
}

// sum over all pairs of inputs and outputs of squared second differences
template <class Net> double by_differences(const parameters<Net, double>& p, const auto& x) {
  constexpr double h = 1e-4;
  double sum = 0;
  const auto moved = [&](std::size_t u, double du, std::size_t v, double dv) {
    auto there = x;
    there[u] += du, there[v] += dv;
    return evaluate(p, there);
  };
  for (std::size_t u = 0; u < Net::input_size; ++u)
    for (std::size_t v = 0; v < Net::input_size; ++v) {
      const auto a = moved(u, h, v, h), b = moved(u, h, v, -h), c = moved(u, -h, v, h), d = moved(u, -h, v, -h);
      for (std::size_t i = 0; i < Net::output_size; ++i) {
        const double second = (a[i] - b[i] - c[i] + d[i]) / (4 * h * h);
        sum += second * second;
      }
    }
  return sum;
}

}  // namespace

TEST_CASE("theory.nonlinearity: the closed form of a normalizer is what differentiation gives") {
  check_closed_form<decltype(Input<7> >> LN)>(1);
  check_closed_form<decltype(Input<7> >> LN(no_affine, epsilon<0.5>))>(2);
  check_closed_form<decltype(Input<12> >> GN<3>)>(3);
  check_closed_form<decltype(Input<6> >> RMSNorm(epsilon<0.1>))>(4);
}

TEST_CASE("theory.nonlinearity: without epsilon and gain only the standard deviation counts") {
  using One = decltype(Input<12> >> LN(no_affine, epsilon<1e-30>));
  using Three = decltype(Input<12> >> GN<3>(no_affine, epsilon<1e-30>));
  using Pairs = decltype(Input<12> >> GN<6>(no_affine, epsilon<1e-30>));
  std::array<double, 12> x{};  // every group of 4 has standard deviation 2, and all together as well
  for (std::size_t i = 0; i < 12; ++i) x[i] = (i % 4 < 2 ? 2.0 : -2.0) + 1;
  const double one = nonlinearity(parameters<One>{}, x), three = nonlinearity(parameters<Three>{}, x);
  CHECK(one == Approx(normalization_nonlinearity(12, 2)).epsilon(1e-10));
  CHECK(three == Approx(3 * normalization_nonlinearity(4, 2)).epsilon(1e-10));
  CHECK(three / one == Approx(grouping_amplification(12, 3)).epsilon(1e-10));
  using Held = decltype(Input<12> >> LN(no_affine, epsilon<0.5>) >> RMSNorm(no_affine, epsilon<0.1>));
  const parameters<Held> none;
  CHECK(layer_nonlinearity<layer_of<Held, 0>, shape{12}>(get<0>(none), x.data()) ==
        Approx(normalization_nonlinearity(12, 2, 0.5)).epsilon(1e-12));
  CHECK(layer_nonlinearity<layer_of<Held, 1>, shape{12}>(get<1>(none), x.data()) ==
        Approx(normalization_nonlinearity(12, std::sqrt(5), 0.1, false)).epsilon(1e-12));
  CHECK(nonlinearity(parameters<Pairs>{}, sample<12>(5)) == Approx(0).margin(1e-20));
  CHECK(layer_nonlinearity<layer_of<One, 0>, shape{12}>(get<0>(parameters<One>{}), std::array<double, 12>{}.data()) ==
        0);
}

TEST_CASE("theory.nonlinearity: whole networks, against second differences") {
  using Deep = decltype(Input<5> >> Linear<6> >> GN<2> >> Tanh >> Residual(Linear<6> >> LN) >> Linear<3>);
  const auto deep = randomly<Deep>(7);
  CHECK(nonlinearity(deep, sample<5>(8)) == Approx(by_differences(deep, sample<5>(8))).epsilon(1e-5));

  using Images =
      decltype(Input<1, 4, 4> >> Conv2d<4, 2> >> GN<2> >> ReLU >> MaxPool<2>(stride<1>) >> Flatten >> Linear<2>);
  const auto images = randomly<Images>(9);
  CHECK(nonlinearity(images, sample<16>(10)) == Approx(by_differences(images, sample<16>(10))).epsilon(1e-5));
}

TEST_CASE("theory.nonlinearity: piecewise linear networks have none, and floats will do") {
  using Plain = decltype(Input<9> >> Linear<6> >> ReLU >> Linear<3>);
  parameters<Plain> p;
  initialise(p, 3);
  CHECK(nonlinearity(p, sample<9>(11)) == 0);
  CHECK(nonlinearity_estimate(p, std::vector<float>(9, 1.0f), 2, 1) == 0);
}

TEST_CASE("theory.nonlinearity: the estimate is unbiased") {
  using Net = decltype(Input<6> >> Linear<8> >> LN >> Linear<3>);
  const auto p = randomly<Net>(12);
  const auto x = sample<6>(13);
  const double exact = nonlinearity(p, x);
  CHECK(nonlinearity_estimate(p, x, 4000, 1) == Approx(exact).epsilon(0.08));
  CHECK(nonlinearity_estimate(p, x, 100, 1) == nonlinearity_estimate(p, x, 100, 1));
  CHECK(nonlinearity_estimate(p, x, 100, 1) != nonlinearity_estimate(p, x, 100, 2));
  CHECK_THROWS_AS(nonlinearity_estimate(p, x, 0, 1), std::invalid_argument);
  CHECK_THROWS_AS(nonlinearity(p, std::vector<double>(5)), std::invalid_argument);
}
