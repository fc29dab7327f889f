// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <numeric>
#include <taut/layers/layer_norm.hpp>
#include <taut/layers/linear.hpp>
#include <taut/layers/relu.hpp>
#include <taut/layers/tanh.hpp>
#include <taut/net/compose.hpp>
#include <taut/simd/lane.hpp>
#include <taut/train/loss.hpp>
#include <taut/train/tape.hpp>

#include "support/catch.hpp"
#include "train/support.hpp"

using namespace taut;
using tests::batch_centring, tests::damped, tests::elements, tests::randomise;

namespace {

constexpr std::size_t samples = 5;

struct wide_net : decltype(Input<7> >> Linear<11> >> LN >> ReLU >> Linear<19>(no_bias) >> Tanh >> Linear<3>) {};
struct image_net : decltype(Input<2, 3> >> LN >> Tanh >> LayerNorm(no_affine)) {};
struct user_net : decltype(Input<17> >> Linear<18> >> damped{} >> Linear<2>) {};
struct batch_net : decltype(Input<6> >> Linear<4> >> batch_centring{} >> Tanh >> Linear<3>) {};

template <class Net> std::vector<double> random_inputs() {
  base::random_stream random(3);
  std::vector<double> x(samples * Net::input_size);
  for (double& value : x) value = static_cast<double>(static_cast<float>(random.uniform(-1, 1)));
  return x;
}

// The mean loss of the batch and its gradients, by a tape of this lane.
template <class Net, class V> struct result {
  using real = simd::element<V>;
  double loss = 0;
  std::unique_ptr<parameters<Net, real>> dp = std::make_unique<parameters<Net, real>>();
  std::vector<real> dx;
};
template <class Net, class V> result<Net, V> run(parameters<Net, simd::element<V>>& p, const std::vector<double>& x) {
  tape<Net, batch<samples>, V> t;
  result<Net, V> r;
  t.load([&](std::size_t s) { return x.data() + s * Net::input_size; });
  t.forward(p);
  for (std::size_t g = 0; g < t.groups; ++g) {
    const std::size_t count = samples_in_group<batch<samples>, V>(g);
    std::vector<std::size_t> labels;
    for (std::size_t s = 0; s < count; ++s) labels.push_back((g * t.width + s) % Net::output_size);
    r.loss += softmax_cross_entropy<Net::output_size>(t.output(g), labels, 1.0 / samples, t.output_gradient(g)).loss /
              samples;
  }
  t.backward(p, *r.dp);
  for (std::size_t s = 0; s < samples; ++s)
    for (std::size_t i = 0; i < Net::input_size; ++i) {
      simd::element<V> lanes[simd::width<V>];
      simd::store(t.input_gradient(s / t.width)[i], lanes);
      r.dx.push_back(lanes[s % t.width]);
    }
  return r;
}

// Central differences in double: the error is some 1e-10, far below what is asked for.
template <class Net> void check_numeric() {
  parameters<Net, double> p;
  randomise(p, 2);
  auto x = random_inputs<Net>();
  const auto exact = run<Net, double>(p, x);
  double largest = 0, worst = 0;
  const auto compare = [&](double& value, double gradient) {
    constexpr double h = 1e-5;
    const double held = value;
    value = held + h;
    const double above = run<Net, double>(p, x).loss;
    value = held - h;
    const double below = run<Net, double>(p, x).loss;
    value = held;
    largest = std::max(largest, std::abs(gradient));
    worst = std::max(worst, std::abs(gradient - (above - below) / (2 * h)));
  };
  const auto values = elements(p), gradients = elements(*exact.dp);
  REQUIRE(values.size() == Net::parameter_count);
  for (std::size_t i = 0; i < values.size(); ++i) compare(*values[i], *gradients[i]);
  for (std::size_t i = 0; i < x.size(); ++i) compare(x[i], exact.dx[i]);
  CHECK(largest > 1e-3);
  CHECK(worst <= 1e-6 * largest);
}

// The same text in lanes of float: within rounding of double.
template <class Net, class V> void check_lanes() {
  parameters<Net, double> p;
  parameters<Net> rounded;
  randomise(p, 2);
  randomise(rounded, 2);
  const auto x = random_inputs<Net>();
  const auto exact = run<Net, double>(p, x);
  const auto fast = run<Net, V>(rounded, x);
  CHECK(fast.loss == Approx(exact.loss).epsilon(2e-6));
  const auto expected = elements(*exact.dp);
  const auto got = elements(*fast.dp);
  double largest = 0, worst = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    largest = std::max(largest, std::abs(*expected[i]));
    worst = std::max(worst, std::abs(*expected[i] - static_cast<double>(*got[i])));
  }
  for (std::size_t i = 0; i < exact.dx.size(); ++i) {
    largest = std::max(largest, std::abs(exact.dx[i]));
    worst = std::max(worst, std::abs(exact.dx[i] - static_cast<double>(fast.dx[i])));
  }
  CHECK(largest > 1e-3);
  CHECK(worst <= 1e-5 * largest);
}

template <class... Nets> void check_all() {
  (check_numeric<Nets>(), ...);
  (check_lanes<Nets, simd::native>(), ...);
}

}  // namespace

TEST_CASE("train.tape: gradients of each layer are numeric, in registers too") {
  check_all<decltype(Input<5> >> Linear<3>), decltype(Input<16> >> Linear<2>(no_bias)),
            decltype(Input<33> >> Linear<17>), decltype(Input<4> >> ReLU), decltype(Input<4> >> Tanh),
            decltype(Input<6> >> LN), decltype(Input<6> >> LN(epsilon<0.1>)), decltype(Input<6> >> LN(no_affine))>();
}

TEST_CASE("train.tape: gradients of whole networks are numeric, in every lane") {
  check_all<wide_net, image_net, user_net, batch_net>();
  check_lanes<wide_net, simd::portable<1>>();
  check_lanes<user_net, simd::portable<4>>();
  check_lanes<batch_net, simd::portable<4>>();
}

TEST_CASE("train.tape: outputs are those of evaluate") {
  parameters<wide_net> p;
  randomise(p, 4);
  const auto x = random_inputs<wide_net>();
  tape<wide_net, batch<samples>> t;
  t.load([&](std::size_t s) { return x.data() + s * 7; });
  t.forward(p);
  for (std::size_t s = 0; s < samples; ++s) {
    const auto y = evaluate(p, std::span(x).subspan(s * 7, 7));
    for (std::size_t i = 0; i < 3; ++i) {
      float lanes[t.width];
      simd::store(t.output(s / t.width)[i], lanes);
      CHECK(lanes[s % t.width] == Approx(y[i]).epsilon(1e-5));
    }
  }
}

TEST_CASE("train.tape: backward forgets the gradient before") {
  parameters<wide_net> p;
  randomise(p, 4);
  const auto x = random_inputs<wide_net>();
  tape<wide_net, batch<samples>> t;
  const auto dp = std::make_unique<parameters<wide_net>>();
  randomise(*dp, 9);
  t.load([&](std::size_t s) { return x.data() + s * 7; });
  t.forward(p);
  for (std::size_t g = 0; g < t.groups; ++g)
    for (std::size_t i = 0; i < 3; ++i) t.output_gradient(g)[i] = simd::native(0.0f);
  t.backward(p, *dp);
  for (const float* value : elements(*dp)) CHECK(*value == 0);
}

TEST_CASE("train.tape: a network without layers passes its gradient through") {
  using net = network<layer::input<2>>;
  parameters<net> p, dp;
  tape<net, batch<1>, simd::portable<1>> t;
  const std::array<float, 2> x{3, 4};
  t.load([&](std::size_t) { return x.data(); });
  t.forward(p);
  CHECK(t.output(0)[1].at[0] == 4);
  t.output_gradient(0)[0] = 5;
  t.backward(p, dp);
  CHECK(t.input_gradient(0)[0].at[0] == 5);
}

namespace {

// Draws a mask from the mode's noise, and remembers nothing: the backward pass draws it again.
struct masked : layer_base {
  static constexpr auto name = base::say("Masked");
  static constexpr fusion reads = fusion::mixing;
  static constexpr auto wants = base::say("any shape");
  static constexpr bool accepts(shape) { return true; }
  static constexpr shape output(shape in) { return in; }
  static constexpr std::size_t multiply_adds(shape) { return 0; }
  static constexpr auto lipschitz(shape) { return constant(1); }
  template <shape In, class P, class V> static void forward(const P&, const V* x, V* y) {
    std::copy_n(x, In.size(), y);
  }
  template <shape In, class P, class V> static void gradient(const P&, const V*, const V*, const V* dy, V* dx, P&) {
    std::copy_n(dy, In.size(), dx);
  }
  template <class V> static void mask(std::uint64_t noise, const V* from, V* to, std::size_t count) {
    base::random_stream random(noise);
    for (std::size_t i = 0; i < count; ++i) to[i] = random.uniform() < 0.5 ? V(0) : from[i];
  }
  template <shape In, class Batch, class P, class V>
  static void forward_batch(training<Batch> mode, P&, const V* x, V* y, std::size_t groups) {
    mask(mode.noise, x, y, groups * In.size());
  }
  template <shape In, class Batch, class P, class V> static void gradient_batch(training<Batch> mode, const P&,
                                                                                const V*, const V*, const V* dy, V* dx,
                                                                                P&, std::size_t groups) {
    mask(mode.noise, dy, dx, groups * In.size());
  }
};

}  // namespace

TEST_CASE("train.tape: noise is the same forward and backward, another in each layer and step") {
  using net = decltype(Input<64> >> masked{});
  using two = decltype(Input<64> >> masked{} >> masked{});
  const auto passed = []<class Net>(Net*, std::uint64_t seed) {
    parameters<Net, double> p, dp;
    tape<Net, batch<1>, double> t;
    const std::vector<double> ones(64, 1);
    t.load([&](std::size_t) { return ones.data(); });
    t.forward(p, seed);
    for (std::size_t i = 0; i < 64; ++i) t.output_gradient(0)[i] = 1;
    t.backward(p, dp);
    std::vector<double> y(t.output(0), t.output(0) + 64), dx(t.input_gradient(0), t.input_gradient(0) + 64);
    CHECK(y == dx);
    return std::accumulate(y.begin(), y.end(), 0.0) * 1000 + y[0] + 2 * y[1] + 4 * y[2] + 8 * y[3] + 16 * y[4];
  };
  CHECK(passed(static_cast<net*>(nullptr), 1) == passed(static_cast<net*>(nullptr), 1));
  CHECK(passed(static_cast<net*>(nullptr), 1) != passed(static_cast<net*>(nullptr), 99));
  CHECK(passed(static_cast<two*>(nullptr), 1) < passed(static_cast<net*>(nullptr), 1) - 5000);
}
