// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <taut/layers/batch_norm.hpp>
#include <taut/layers/linear.hpp>
#include <taut/layers/relu.hpp>
#include <taut/layers/tanh.hpp>
#include <taut/net/compose.hpp>
#include <taut/theory/batch_loss.hpp>
#include <taut/theory/hessian.hpp>

#include "support/catch.hpp"

using namespace taut;

namespace {

constexpr std::size_t samples = 9;

std::vector<double> random_numbers(std::size_t count, std::uint64_t seed) {
  base::random_stream random(seed);
  std::vector<double> x(count);
  for (double& value : x) value = random.normal();
  return x;
}

/// Of all elements: the largest difference, relative to the largest element.
double error_of(std::span<const double> got, std::span<const double> expected) {
  double worst = 0, largest = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    worst = std::max(worst, std::abs(got[i] - expected[i]));
    largest = std::max(largest, std::abs(expected[i]));
  }
  CHECK(largest > 1e-3);
  return worst / largest;
}

template <class Net> using squared_loss = batch_loss<Net, batch<samples>, double, squared_error>;

template <class Net> squared_loss<Net> loss_of() {
  parameters<Net, double> p;
  return {p, random_numbers(samples * Net::input_size, 1),
          squared_error{random_numbers(samples * Net::output_size, 2)}};
}

}  // namespace

TEST_CASE("theory.hessian: linear regression has the Hessian 2 X'X / n") {
  using net = decltype(Input<4> >> Linear<1>(no_bias));
  auto loss = loss_of<net>();
  const auto x = random_numbers(samples * 4, 1), w = random_numbers(4, 3), v = random_numbers(4, 4);
  std::vector<double> expected(4), hv(4);
  for (std::size_t s = 0; s < samples; ++s) {
    const auto row = std::span(x).subspan(s * 4, 4);
    base::add(expected, 2 * base::dot(row, v) / samples, row);
  }
  hessian_product(gradient_of(loss), w, v, hv);
  CHECK(error_of(hv, expected) < 1e-11);

  const auto h = hessian_matrix(gradient_of(loss), w);
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(base::dot(std::span(h).subspan(i * 4, 4), v) == Approx(expected[i]).epsilon(1e-9));
    for (std::size_t j = 0; j < i; ++j) CHECK(h[i * 4 + j] == h[j * 4 + i]);
  }
}

// f = sum_i exp(a_i w_i) + w_0 w_1^2 w_2: all derivatives are known.
TEST_CASE("theory.hessian: second and third derivatives of a smooth function, 10 and 7 digits") {
  constexpr std::array<double, 3> a{0.5, -1, 2};
  const gradient_field field = [&](std::span<const double> w, std::span<double> g) {
    for (std::size_t i = 0; i < 3; ++i) g[i] = a[i] * std::exp(a[i] * w[i]);
    g[0] += w[1] * w[1] * w[2], g[1] += 2 * w[0] * w[1] * w[2], g[2] += w[0] * w[1] * w[1];
  };
  const std::vector<double> w{0.3, -0.4, 0.7}, v{1, 2, -0.5};
  const auto power = [&](std::size_t i, double k) { return std::pow(a[i], k) * std::exp(a[i] * w[i]); };
  std::vector<double> expected{power(0, 2) * v[0] + 2 * w[1] * w[2] * v[1] + w[1] * w[1] * v[2],
                               2 * w[1] * w[2] * v[0] + (power(1, 2) + 2 * w[0] * w[2]) * v[1] + 2 * w[0] * w[1] * v[2],
                               w[1] * w[1] * v[0] + 2 * w[0] * w[1] * v[1] + power(2, 2) * v[2]};
  std::vector<double> hv(3);
  hessian_product(field, w, v, hv);
  CHECK(error_of(hv, expected) < 1e-10);

  // of v'Hv = sum power(i, 2) v_i^2 + 4 w1 w2 v0 v1 + 2 w1^2 v0 v2 + 2 w0 w2 v1^2 + 4 w0 w1 v1 v2
  expected = {power(0, 3) * v[0] * v[0] + 2 * w[2] * v[1] * v[1] + 4 * w[1] * v[1] * v[2],
              power(1, 3) * v[1] * v[1] + 4 * w[2] * v[0] * v[1] + 4 * w[1] * v[0] * v[2] + 4 * w[0] * v[1] * v[2],
              power(2, 3) * v[2] * v[2] + 4 * w[1] * v[0] * v[1] + 2 * w[0] * v[1] * v[1]};
  CHECK(error_of(curvature_gradient(field, w, v), expected) < 1e-7);
}

TEST_CASE("theory.hessian: the laws of scale invariance: <g, w> = 0, H w = -g, H(aw) = H(w) / a^2") {
  struct net : decltype(Input<4> >> Linear<3>(no_bias) >> BN(epsilon<1e-30>, no_affine) >> Tanh >> Linear<2>(no_bias) >>
                        BN(epsilon<1e-30>, no_affine)) {};
  auto loss = loss_of<net>();
  const auto field = gradient_of(loss);
  const auto w = random_numbers(net::parameter_count, 5), v = random_numbers(net::parameter_count, 6);
  std::vector<double> g(w.size()), hw(w.size()), hv(w.size()), far(w.size()), twice(w);
  field(w, g);
  CHECK(std::abs(base::dot(g, w)) < 1e-13 * base::length(g) * base::length(w));
  hessian_product(field, w, w, hw);
  for (double& value : hw) value = -value;
  CHECK(error_of(hw, g) < 1e-9);

  for (double& value : twice) value *= 2;
  hessian_product(field, w, v, hv);
  hessian_product(field, twice, v, far);
  for (double& value : far) value *= 4;
  CHECK(error_of(far, hv) < 1e-9);
}

TEST_CASE("theory.hessian: a small step passes by the kinks of ReLU") {
  struct net : decltype(Input<4> >> Linear<8> >> ReLU >> Linear<2>) {};
  auto loss = loss_of<net>();
  const auto field = gradient_of(loss);
  const auto w = random_numbers(net::parameter_count, 7), v = random_numbers(net::parameter_count, 8);
  std::vector<double> coarse(w.size()), fine(w.size()), finer(w.size());
  hessian_product(field, w, v, coarse, 0.1);
  hessian_product(field, w, v, fine, kink_step);
  hessian_product(field, w, v, finer, 1e-7);
  CHECK(error_of(fine, finer) < 1e-6);
  CHECK(error_of(coarse, finer) > 1e-2);
}

// The slope in w_1 jumps by 2 a little above w.
TEST_CASE("theory.hessian: an operator steps aside of a kink that a product tells of") {
  const gradient_field field = [](std::span<const double> w, std::span<double> g) {  // 3 w_0^2 / 2 + 2 w_1^2 + |kink|
    g[0] = 3 * w[0], g[1] = 4 * w[1] + (w[1] < 1 + 1e-4 ? -1 : 1);
  };
  const std::vector<double> w{1, 1}, v{0, 1};
  std::vector<double> hv(2);
  CHECK(hessian_product(field, w, v, hv) > 100);  // the jump of 2, over a step of 3e-4 |w|
  CHECK(hv[1] > 1000);
  hv = {1e9, 1e9};  // what was there before tells nothing
  hessian_operator(field, w)(v, hv);
  CHECK(hv[1] == Approx(4).epsilon(1e-8));
  CHECK(hv[0] == Approx(0).margin(1e-8));
  CHECK(hessian_product(field, w, v, hv, 1e-5) < 1e-6);
}

TEST_CASE("theory.hessian: a kink that no step avoids does not hide the next one") {
  const gradient_field field = [](std::span<const double> w, std::span<double> g) {
    g[0] = 3 * w[0] + (w[0] < 1 + 1e-4 ? -1 : 1), g[1] = 4 * w[1] + (w[1] < 1 ? -1 : 1);
  };
  hessian_operator at_kink(field, {1, 1});
  std::vector<double> hv(2);
  at_kink(std::vector<double>{0, 1}, hv);
  CHECK(hv[1] > 1e6);  // given as it is
  at_kink(std::vector<double>{1, 0}, hv);
  CHECK(hv[0] == Approx(3).epsilon(1e-8));
}

TEST_CASE("theory.hessian: some elements move, the others stay") {
  const gradient_field field = [](std::span<const double> w, std::span<double> g) {  // of w0 w1 w2
    g[0] = w[1] * w[2], g[1] = w[0] * w[2], g[2] = w[0] * w[1];
  };
  const std::vector<double> w{2, 3, 5};
  const std::vector<std::size_t> chosen{2, 0};
  const auto part = restricted(field, chosen, w);
  std::vector<double> g(2), hv(2);
  part(elements_of(w, chosen), g);
  CHECK(g == std::vector<double>{6, 15});
  hessian_product(part, elements_of(w, chosen), std::vector<double>{1, 0}, hv);
  CHECK(hv[0] == Approx(0).margin(1e-9));
  CHECK(hv[1] == Approx(3));
}
