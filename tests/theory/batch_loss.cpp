// SPDX-License-Identifier: Apache-2.0
#include <taut/layers/batch_norm.hpp>
#include <taut/layers/conv1d.hpp>
#include <taut/layers/flatten.hpp>
#include <taut/layers/layer_norm.hpp>
#include <taut/layers/linear.hpp>
#include <taut/layers/spectral_norm.hpp>
#include <taut/layers/tanh.hpp>
#include <taut/layers/weight_norm.hpp>
#include <taut/net/compose.hpp>
#include <taut/theory/batch_loss.hpp>
#include <utility>

#include "support/catch.hpp"

using namespace taut;

namespace {

struct net : decltype(Input<4> >> Linear<5>(no_bias) >> BN >> Tanh >> Linear<3> >> LN >> Linear<3>) {};
struct projected : decltype(Input<4> >> WeightNorm(Linear<3>) >> SpectralNorm<2.0>(Linear<2>)) {};
struct convolving : decltype(Input<2, 5> >> Conv1d<3, 2> >> Flatten >> Linear<2>) {};

dataset samples(std::size_t count) {
  base::random_stream random(4);
  dataset data{array<float, 2>::from_shape({count, 4}), {}};
  for (float& v : data.inputs) v = static_cast<float>(random.normal());
  for (std::size_t i = 0; i < count; ++i) data.labels.push_back(random.below(3));
  return data;
}

parameters<net> initial() {
  parameters<net> p;
  initialise(p, 3);
  return p;
}

}  // namespace

TEST_CASE("theory.batch_loss: the gradient in training mode, by central differences") {
  using loss_type = batch_loss<net, batch<11>, double>;
  const auto data = samples(20);
  loss_type loss(initial(), data);
  auto w = loss_type::vector_of(initial());
  REQUIRE(w.size() == net::parameter_count);
  std::vector<double> g(w.size(), 7), other(w.size());
  const double here = loss.gradient(w, g);
  CHECK(here == loss.value(w));
  CHECK(loss.gradient(w, other) == here);
  CHECK(g == other);
  for (std::size_t i = 0; i < w.size(); ++i) {
    constexpr double h = 1e-5;
    const double at = w[i];
    w[i] = at + h;
    const double up = loss.value(w);
    w[i] = at - h;
    const double down = loss.value(w);
    w[i] = at;
    CHECK(g[i] == Approx((up - down) / (2 * h)).epsilon(1e-6).margin(1e-9));
  }
}

TEST_CASE("theory.batch_loss: statistics are those of the batch, and float agrees with double") {
  const auto data = samples(20);
  auto p = initial();
  batch_loss<net, batch<11>, double> loss(p, data);
  batch_loss<net, batch<11>> in_float(p, data);
  auto w = loss.vector_of(p);
  const double here = loss.value(w);
  CHECK(in_float.value(w) == Approx(here).epsilon(1e-5));
  for (std::size_t i = 0; i < 20; ++i) w[i] *= 8;  // the weights before batch norm: their scale does not matter
  CHECK(loss.value(w) == Approx(here).epsilon(1e-4));
  for (double& v : w) v = -v;
  CHECK(loss.value(w) != Approx(here).epsilon(1e-2));

  CHECK_THROWS_WITH((batch_loss<net, batch<32>>(p, data)), "a batch has 32 samples, but the data only 20");
}

TEST_CASE("theory.batch_loss: squared error on rows of doubles, in every lane") {
  constexpr std::size_t count = 11;
  base::random_stream random(5);
  std::vector<double> inputs(count * 4), targets(count * 3);
  for (auto* list : {&inputs, &targets})
    for (double& v : *list) v = random.normal();
  batch_loss<net, batch<count>, double, squared_error> loss(initial(), inputs, {targets});
  batch_loss<net, batch<count>, simd::native, squared_error> in_float(initial(), inputs, {targets});
  const auto w = loss.vector_of(initial());
  std::vector<double> g(w.size()), rounded(w.size());
  double expected = 0;
  const double here = loss.gradient(w, g);
  for (std::size_t s = 0; s < count; ++s)
    for (std::size_t k = 0; k < 3; ++k) expected += std::pow(loss.output(s)[k] - targets[s * 3 + k], 2) / count;
  CHECK(here == Approx(expected));
  CHECK(here == loss.value(w));
  CHECK(loss.vector_of(loss.at_last()) == w);
  CHECK(in_float.gradient(w, rounded) == Approx(here).epsilon(1e-5));
  for (std::size_t i = 0; i < w.size(); i += 7) {
    constexpr double h = 1e-5;
    auto moved = w;
    moved[i] = w[i] + h;
    const double up = loss.value(moved);
    moved[i] = w[i] - h;
    CHECK(g[i] == Approx((up - loss.value(moved)) / (2 * h)).epsilon(1e-6).margin(1e-9));
    CHECK(rounded[i] == Approx(g[i]).epsilon(1e-3).margin(1e-4));
  }
  const auto made = [&] { batch_loss<net, batch<count>, double, squared_error>(initial(), inputs, {targets}); };
  targets.pop_back();
  CHECK_THROWS_WITH(made(), "32 targets for a batch of 11, 3 each");
  targets.push_back(0), inputs.pop_back();
  CHECK_THROWS_AS(made(), std::invalid_argument);
  CHECK_THROWS_WITH((class_error{{0, 2}}.check<3>(3)), "2 labels for a batch of 3");
  CHECK_THROWS_WITH((class_error{{0, 3}}.check<3>(2)), "label 3 of 3 outputs");
  CHECK_NOTHROW((class_error{{0, 2}}.check<3>(2)));
}

TEST_CASE("theory.batch_loss: a function of the vector alone, spectral norms too") {
  parameters<projected> p;
  initialise(p, 3);
  get<1>(p).right = {1, 0, 0};  // a step of training would move it
  const std::vector<double> inputs{1, 2, -1, 3, 0, 1, 1, -2};
  batch_loss<projected, batch<2>, double, squared_error> loss(p, inputs, {{1, 2, 3, 4}});
  auto w = loss.vector_of(p);
  std::vector<double> g(w.size());
  const double here = loss.gradient(w, g);
  CHECK(loss.value(w) == here);
  for (std::size_t i = 0; i < w.size(); ++i) {
    constexpr double h = 1e-5;
    const double at = std::exchange(w[i], w[i] + h), up = loss.value(w);
    w[i] = at - h;
    CHECK(g[i] == Approx((up - loss.value(w)) / (2 * h)).epsilon(1e-6).margin(1e-8));
    w[i] = at;
  }
}

TEST_CASE("theory.batch_loss: one filter for each row and for each output channel") {
  const auto of_net = filters_of<net>();
  REQUIRE(of_net.size() == 5 + 3 + 3);
  CHECK(of_net[1] == filter{4, 4});
  CHECK(of_net[5] == filter{5 * 4 + 10, 5});            // behind the gains and offsets of batch norm
  CHECK(of_net[10] == filter{30 + 15 + 3 + 6 + 6, 3});  // the last row
  const auto of_kernels = filters_of<convolving>();
  REQUIRE(of_kernels.size() == 3 + 2);
  CHECK(of_kernels[2] == filter{8, 4});          // two channels of two
  const auto of_rows = filters_of<projected>();  // lengths of rows are none
  REQUIRE(of_rows.size() == 3 + 2);
  CHECK(of_rows[0].size == 4);
}
