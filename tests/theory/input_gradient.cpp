// SPDX-License-Identifier: Apache-2.0
#include <concepts>
#include <taut/layers/batch_norm.hpp>
#include <taut/layers/dropout.hpp>
#include <taut/layers/group_norm.hpp>
#include <taut/layers/linear.hpp>
#include <taut/layers/spectral_norm.hpp>
#include <taut/layers/tanh.hpp>
#include <taut/layers/weight_norm.hpp>
#include <taut/net/compose.hpp>
#include <taut/theory/input_gradient.hpp>
#include <utility>

#include "support/catch.hpp"

using namespace taut;

namespace {

struct net : decltype(Input<5> >> WeightNorm(Linear<6>) >> BN >> Tanh >> Dropout<0.5> >> SpectralNorm<3.0>(Linear<8>) >>
                      GN<2> >> Linear<3>) {};
struct plain : decltype(Input<5> >> Linear<6> >> BN >> Tanh >> Dropout<0.5> >> Linear<8> >> GN<2> >> Linear<3>) {};

parameters<net> trained() {
  parameters<net> p;
  initialise(p, 5);
  base::random_stream random(9);
  auto& bn = get<1>(p);
  for (std::size_t c = 0; c < 6; ++c) {  // statistics far from those of any batch
    bn.running_mean[c] = static_cast<float>(random.normal());
    bn.running_var[c] = static_cast<float>(random.uniform(0.5, 3));
    bn.gain[c] = static_cast<float>(random.uniform(-2, 2));
  }
  return p;
}

std::vector<double> point(std::uint64_t seed) {
  base::random_stream random(seed);
  std::vector<double> x(5);
  for (double& v : x) v = random.normal();
  return x;
}

}  // namespace

TEST_CASE("theory.input_gradient: the trained network and its slope, by central differences") {
  const auto p = trained();
  input_gradient<net, double> slopes(p);
  const auto x = point(1);
  const double* const y = slopes.forward(x.data());
  const auto expected = evaluate(p, x);
  for (std::size_t j = 0; j < 3; ++j) CHECK(y[j] == Approx(expected[j]).epsilon(1e-12));
  CHECK(slopes.input(0)[2] == x[2]);
  CHECK(slopes.input(net::depth) == y);

  const double dy[]{0.3, -1, 2};
  const double* const dx = slopes.backward(dy);
  for (std::size_t i = 0; i < 5; ++i) {
    constexpr double h = 1e-5;
    auto above = x, below = x;
    above[i] += h, below[i] -= h;
    const auto up = evaluate(p, above), down = evaluate(p, below);
    double slope = 0;
    for (std::size_t j = 0; j < 3; ++j) slope += dy[j] * (up[j] - down[j]) / (2 * h);
    CHECK(dx[i] == Approx(slope).epsilon(1e-6).margin(1e-8));
  }
}

TEST_CASE("theory.input_gradient: each lane is a sample of its own") {
  using V = simd::native;
  constexpr std::size_t width = simd::width<V>;
  const auto p = trained();
  input_gradient<net> lanes(p);
  input_gradient<net, double> one(p);
  std::vector<std::vector<double>> samples;
  for (std::size_t l = 0; l < width; ++l) samples.push_back(point(10 + l));
  std::vector<V> x(5, V(0)), dy(3, V(1));
  for (std::size_t i = 0; i < 5; ++i) {
    float row[width];
    for (std::size_t l = 0; l < width; ++l) row[l] = static_cast<float>(samples[l][i]);
    x[i] = simd::load<V>(row);
  }
  lanes.forward(x.data());
  const V* const dx = lanes.backward(dy.data());
  for (std::size_t l = 0; l < width; ++l) {
    one.forward(samples[l].data());
    const double ones[]{1, 1, 1};
    const double* const expected = one.backward(ones);
    for (std::size_t i = 0; i < 5; ++i) {
      float row[width];
      simd::store(dx[i], row);
      CHECK(static_cast<double>(row[l]) == Approx(expected[i]).epsilon(1e-4).margin(1e-5));
    }
  }
}

TEST_CASE("theory.input_gradient: the gradient in the parameters, by central differences, added up until it is taken") {
  const auto p = trained();
  input_gradient<net, double> slopes(p);
  const auto x = point(2);
  const double dy[]{0.3, -1, 2};
  slopes.forward(x.data());
  slopes.backward(dy), slopes.backward(dy);
  std::vector<std::vector<double>> taken;
  slopes.take_parameter_gradient([&](auto dp) { taken.emplace_back(dp.begin(), dp.end()); });
  REQUIRE(taken.size() == 10);  // weight and bias of three layers, gain and offset of two
  parameters<plain, double> folded_weights;
  base::for_each_index<net::depth>([&]<std::size_t I>() {
    const auto layer = folded<I>(p);
    convert_tensors(get<I>(folded_weights), *layer);
  });
  const auto loss = [&] {
    const auto y = evaluate(folded_weights, x);
    return 0.3 * y[0] - y[1] + 2 * y[2];
  };
  auto slope = taken.begin();
  for_each_described_tensor(folded_weights, [&](const tensor_info& info, auto values) {
    if constexpr (std::same_as<decltype(values[0]), double&>) {
      if (info.purpose != role::trainable) return;
      REQUIRE(slope->size() == values.size());
      for (std::size_t i = 0; i < values.size(); ++i) {
        constexpr double h = 1e-5;
        const double at = std::exchange(values[i], values[i] + h), up = loss();
        values[i] = at - h;
        CHECK((*slope)[i] == Approx((up - loss()) / h).epsilon(1e-6).margin(1e-8));  // two calls: twice the slope
        values[i] = at;
      }
      ++slope;
    }
  });
  CHECK(slope == taken.end());
  slopes.take_parameter_gradient([&](auto dp) {
    for (const double v : dp) CHECK(v == 0);
  });
}
