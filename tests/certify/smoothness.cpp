// SPDX-License-Identifier: Apache-2.0
// The Lipschitz constant of Jacobians: nearly attained by normalizers and nonlinearities, exceeded by no pair of
// inputs, absent where there is a kink.
#include <taut/inference.hpp>

#include "laws/support.hpp"
#include "support/catch.hpp"

namespace {

using namespace taut;
using namespace taut::tests;

/// J(x), [out][in], and whether the stds are those declared.
template <class Net> bool jacobian(differentiable<Net>& f, std::span<const double> x, std::vector<double>& into) {
  f.forward(x);
  into.clear();
  for (std::size_t row = 0; row < Net::output_size; ++row) {
    std::vector<double> unit(Net::output_size);
    unit[row] = 1;
    const auto slopes = f.backward(unit);
    into.insert(into.end(), slopes.begin(), slopes.end());
  }
  return f.room() >= 0;
}

/// The largest change of slopes that pairs around radius `scale` show, and of the gradient of cross-entropy.
struct seen {
  double jacobian = 0, gradient = 0;
};
template <class Net> seen steepest_change(const parameters<Net>& p, std::uint64_t seed, double scale, int pairs) {
  constexpr std::size_t in = Net::input_size, out = Net::output_size;
  differentiable<Net> f(p);
  base::random_stream random(seed);
  std::vector<double> at_a, at_b;
  seen most;
  for (int k = 0; k < pairs; ++k) {
    const double size = scale * std::exp(random.uniform(-1.5, 1.5)), near = std::exp(random.uniform(-6, 0.5));
    const auto a = random_vector(random, in, size);
    auto b = a;
    if (k % 3 == 0) {
      for (double& v : b) v *= 1 + near;
    } else {
      for (double& v : b) v = (k % 3 == 1 ? v : -v) + near * size * random.normal();
    }
    if (!jacobian(f, a, at_a)) continue;
    const auto gradient_of_loss = [&](const std::vector<double>& slopes, std::span<const double> z) {
      std::vector<double> e(z.begin(), z.end()), g(in);
      const double top = *std::max_element(e.begin(), e.end());
      double sum = 0;
      for (double& v : e) v = std::exp(v - top), sum += v;
      for (std::size_t j = 0; j < out; ++j)
        for (std::size_t i = 0; i < in; ++i) g[i] += slopes[j * in + i] * (e[j] / sum - (j == 0 ? 1 : 0));
      return g;
    };
    const auto loss_a = gradient_of_loss(at_a, f.forward(a));
    if (!jacobian(f, b, at_b)) continue;
    const auto loss_b = gradient_of_loss(at_b, f.forward(b));
    double apart = 0, moved = 0;
    for (std::size_t i = 0; i < in; ++i) {
      apart += (a[i] - b[i]) * (a[i] - b[i]);
      moved += (loss_a[i] - loss_b[i]) * (loss_a[i] - loss_b[i]);
    }
    apart = std::sqrt(apart);
    for (std::size_t i = 0; i < at_a.size(); ++i) at_a[i] -= at_b[i];
    most.jacobian = std::max(most.jacobian, spectral_norm(at_a.data(), out, in).value * (1 - 1e-5) / apart);
    most.gradient = std::max(most.gradient, std::sqrt(moved) / apart);
  }
  return most;
}

template <class Net> double attacked(std::uint64_t seeds, double scale) {
  double closest = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const auto p = random_parameters<Net>(seed, 1.2);
    const auto bound = smoothness_of(p);
    const auto found = steepest_change(p, seed, scale, 150);
    CHECK(bound.exists);
    CHECK(found.jacobian <= bound.value * (1 + 1e-6) + 1e-6);
    CHECK(found.gradient <= gradient_lipschitz_of(p) * (1 + 1e-6) + 1e-6);
    closest = std::max(closest, found.jacobian / bound.value);
  }
  return closest;
}

template <class... Layers> using alone = net_of<shape{6}, Layers...>;

// one layer: S = 2 / (25 sqrt 5) 24 / (sqrt 6 0.5), and 2 / (sqrt 18 (1 + 0.1)) pi / 2
using flat = decltype(LayerNorm(no_affine, epsilon<0.5>));
using floored = decltype(RMSNorm(no_affine, epsilon<0.1>, min_std<1.0>));
static_assert(smoothness_of(parameters<alone<flat>>{}).value < 0.70109);
static_assert(smoothness_of(parameters<alone<floored>>{}).value < 0.6732);
static_assert(!smoothness_of(parameters<alone<layer::tanh, layer::relu>>{}).exists);
static_assert(smoothness_of(parameters<alone<layer::tanh, layer::relu>>{}).kink == 1);

/// The largest difference quotient of the slopes of a pointwise layer, as a share of its curvature.
template <class L> double steepness() {
  double most = 0;
  for (double x = -12 + 5e-4; x < 12; x += 1e-3) {
    const double a = L::derivative(x - 5e-4, L::apply(x - 5e-4)), b = L::derivative(x + 5e-4, L::apply(x + 5e-4));
    most = std::max(most, std::abs(b - a) / 1e-3);
  }
  return most / L::curvature(shape{1});
}

}  // namespace

TEST_CASE("certify.smoothness: each nonlinearity attains its curvature") {
  for (const double share : {steepness<layer::tanh>(), steepness<layer::sigmoid>(), steepness<layer::softplus>(),
                             steepness<layer::silu>(), steepness<layer::gelu>(), steepness<layer::gelu_tanh>(),
                             steepness<layer::mish>(), steepness<layer::softsign>(), steepness<layer::elu>()}) {
    CHECK(share <= 1 + 1e-9);
    CHECK(share >= 0.998);
  }
}

TEST_CASE("certify.smoothness: normalizers come close, and no pair exceeds the bound") {
  CHECK(attacked<alone<flat>>(3, 0.3) > 0.95);
  CHECK(attacked<alone<decltype(LayerNorm(epsilon<0.5>))>>(3, 0.3) > 0.4);
  CHECK(attacked<alone<floored>>(3, 1.2) > 0.5);  // pi / 2 is paid for pairs far apart
  CHECK(attacked<alone<layer::softmax>>(3, 1) > 0.2);
  CHECK(attacked<alone<layer::log_softmax>>(3, 1) > 0.4);
}

TEST_CASE("certify.smoothness: networks") {
  struct smooth : decltype(Input<6> >> Linear<7> >> Tanh >> Linear<6> >> SiLU >> Linear<3>) {};
  struct sphere : decltype(Input<6> >> Linear<8> >> LN(min_std<0.3>) >> GELU >> Linear<5> >> RMSNorm(epsilon<0.5>)) {};
  struct blocks
      : decltype(Input<2, 4> >> Conv1d<3, 3>(padding<1>) >> BN >> Softplus >> AvgPool<2> >> Flatten >>
                 Residual(Linear<4> >> Tanh >> Linear<6>) >> Concat(Linear<3> >> Sigmoid, Linear<2> >> Mish)) {};
  CHECK(attacked<smooth>(3, 1) > 0.05);
  CHECK(attacked<sphere>(3, 1) > 0.004);
  CHECK(attacked<blocks>(3, 1) > 0.003);
}

TEST_CASE("certify.smoothness: two layers, each at its steepest, attain the sum") {
  struct bent : decltype(Input<1> >> Linear<1>(no_bias) >> Softplus >> Linear<1>(no_bias)) {};
  parameters<bent> p{};
  get<0>(p).weight[0] = 3;
  get<2>(p).weight[0] = 2;
  CHECK(smoothness_of(p).value == Approx(2 * 0.25 * 9).epsilon(1e-6));
  CHECK(steepest_change(p, 1, 0.01, 100).jacobian >= 0.99 * smoothness_of(p).value);
  CHECK(gradient_lipschitz_of(p, {2, 0}) == Approx(9).epsilon(1e-6));
  CHECK(gradient_lipschitz_of(p, {0, 1}) == Approx(36).epsilon(1e-6));
}
