// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <taut/layers/elu.hpp>
#include <taut/layers/gelu.hpp>
#include <taut/layers/gelu_tanh.hpp>
#include <taut/layers/leaky_relu.hpp>
#include <taut/layers/log_softmax.hpp>
#include <taut/layers/mish.hpp>
#include <taut/layers/relu.hpp>
#include <taut/layers/sigmoid.hpp>
#include <taut/layers/silu.hpp>
#include <taut/layers/softmax.hpp>
#include <taut/layers/softplus.hpp>
#include <taut/layers/softsign.hpp>
#include <taut/layers/tanh.hpp>
#include <taut/net/evaluate.hpp>
#include <taut/theory/jet.hpp>

#include "support/catch.hpp"

using namespace taut;

namespace {

constexpr jet<1> variable(double value, double along_u, double along_v) {
  jet<1> x(value);
  x.first = along_u, x.second[0] = along_v;
  return x;
}

// f(x, y) = x^3 y / (x + y) at (1, 2), u along x, v along y
constexpr jet<1> x = variable(1, 1, 0), y = variable(2, 0, 1);
constexpr jet<1> f = x * x * x * y / (x + y);
static_assert(simd::abs(f.value - 2.0 / 3) < 1e-15);
static_assert(simd::abs(f.first - 16.0 / 9) < 1e-14);      // (2 x^3 y + 3 x^2 y^2) / (x + y)^2
static_assert(simd::abs(f.second[0] - 1.0 / 9) < 1e-15);   // x^4 / (x + y)^2
static_assert(simd::abs(f.mixed[0] - 10.0 / 27) < 1e-14);  // (4 x^3 (x + y) - 2 x^4) / (x + y)^3
static_assert((x - y).first == 1 && (x - y).second[0] == -1 && (-x).first == -1);
static_assert(simd::width<jet<4>> == 1 && std::same_as<simd::element<jet<4>>, double>);
static_assert(std::same_as<simd::element<simd::scalar>, float> && std::same_as<simd::element<float>, float>);

// The first and second derivative of a pointwise layer, against what it states and central differences of that.
template <class L> void check_pointwise() {
  CAPTURE(std::string_view(L::name));
  for (double at = -3.95; at < 4; at += 0.1) {
    CAPTURE(at);
    const jet<1> out = L::apply(variable(at, 2, 3));
    const auto slope = [](double z) { return L::derivative(z, L::apply(z)); };
    constexpr double h = 1e-4;
    const double curvature = (8 * (slope(at + h) - slope(at - h)) - (slope(at + 2 * h) - slope(at - 2 * h))) / (12 * h);
    CHECK(out.value == Approx(L::apply(at)).epsilon(1e-14).margin(1e-300));
    CHECK(out.first == Approx(2 * slope(at)).epsilon(1e-12).margin(1e-14));
    CHECK(out.second[0] == Approx(3 * slope(at)).epsilon(1e-12).margin(1e-14));
    CHECK(out.mixed[0] == Approx(6 * curvature).epsilon(1e-9).margin(1e-9));
  }
}

}  // namespace

TEST_CASE("theory.jet: the layers' own text gives their second derivatives") {
  check_pointwise<layer::relu>();
  check_pointwise<layer::leaky_relu<0.01>>();
  check_pointwise<decltype(ELU)>();
  check_pointwise<layer::sigmoid>();
  check_pointwise<layer::tanh>();
  check_pointwise<layer::silu>();
  check_pointwise<layer::softplus>();
  check_pointwise<layer::softsign>();
  check_pointwise<layer::mish>();
  check_pointwise<layer::gelu>();
  check_pointwise<layer::gelu_tanh>();
}

TEST_CASE("theory.jet: softmax has the derivatives p_i (delta_iu - p_u), and the second ones of that") {
  const double inputs[3]{0.3, -1, 0.7};
  double p[3], sum = 0;
  for (int i = 0; i < 3; ++i) sum += p[i] = std::exp(inputs[i]);
  for (double& v : p) v /= sum;
  for (std::size_t u = 0; u < 3; ++u)
    for (std::size_t v = 0; v < 3; ++v) {
      jet<1> in[3], out[3], logs[3];
      for (std::size_t i = 0; i < 3; ++i) in[i] = variable(inputs[i], i == u, i == v);
      const auto d = [](std::size_t i, std::size_t j) { return i == j ? 1.0 : 0.0; };
      forward<layer::softmax, shape{3}>(0, in, out);
      forward<layer::log_softmax, shape{3}>(0, in, logs);
      for (std::size_t i = 0; i < 3; ++i) {
        CHECK(out[i].first == Approx(p[i] * (d(i, u) - p[u])).epsilon(1e-13));
        const double mixed = p[i] * (d(i, v) - p[v]) * (d(i, u) - p[u]) - p[i] * p[u] * (d(u, v) - p[v]);
        CHECK(out[i].mixed[0] == Approx(mixed).epsilon(1e-12));
        CHECK(logs[i].mixed[0] == Approx(-p[u] * (d(u, v) - p[v])).epsilon(1e-12));
      }
    }
}
