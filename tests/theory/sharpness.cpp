// SPDX-License-Identifier: Apache-2.0
#include <taut/layers/batch_norm.hpp>
#include <taut/layers/linear.hpp>
#include <taut/layers/tanh.hpp>
#include <taut/net/compose.hpp>
#include <taut/theory/batch_loss.hpp>
#include <taut/theory/normalized_regression.hpp>
#include <taut/theory/sharpness.hpp>

#include "support/catch.hpp"

using namespace taut;

namespace {

constexpr std::size_t n = 5, d = 8;
using unit = decltype(Input<d> >> Linear<1>(no_bias) >> BN(epsilon<1e-30>, no_affine));
struct net : decltype(Input<d> >> Linear<3>(no_bias) >> BN(epsilon<1e-30>, no_affine) >> Tanh >> Linear<1>(no_bias) >>
                      BN(epsilon<1e-30>, no_affine)) {};

std::vector<double> random_numbers(std::size_t count, std::uint64_t seed) {
  base::random_stream random(seed);
  std::vector<double> x(count);
  for (double& value : x) value = random.normal();
  return x;
}

}  // namespace

TEST_CASE("theory.sharpness: of a network: the largest eigenvalue of the whole Hessian, whatever the scale of w") {
  batch_loss<net, batch<n>, double, squared_error> loss(parameters<net>{}, random_numbers(n * d, 1),
                                                        squared_error{random_numbers(n, 2)});
  const auto field = gradient_of(loss);
  auto w = random_numbers(net::parameter_count, 3);
  const auto all = symmetric_eigen(hessian_matrix(field, base::normalized(w)), w.size());
  const eigenpair top = spherical_sharpness(field, w, {.tolerance = 1e-9});
  CHECK(top.value == Approx(all.values.back()).epsilon(1e-8));
  CHECK(std::abs(base::dot(top.vector, all.vector(w.size() - 1))) == Approx(1).epsilon(1e-8));

  // The gradient of its logarithm, by differences of the eigenvalue itself; H(aw) = H(w) / a^2 makes <p, w> = -2.
  const auto point = base::normalized(w);
  const auto slope = log_sharpness_gradient(field, point, top);
  CHECK(base::dot(slope, point) == Approx(-2).epsilon(1e-5));
  const auto v = random_numbers(w.size(), 4);
  const auto sharpness = [&](double step) {  // without projecting back onto the sphere
    auto moved = point;
    base::add(moved, step, v);
    return std::log(symmetric_eigen(hessian_matrix(field, moved), moved.size()).values.back());
  };
  constexpr double h = 1e-4;
  CHECK(base::dot(slope, v) == Approx((sharpness(h) - sharpness(-h)) / (2 * h)).epsilon(1e-4));

  for (double& value : w) value *= 10;
  CHECK(spherical_sharpness(field, w, {.tolerance = 1e-9}).value == Approx(top.value).epsilon(1e-8));
}

TEST_CASE("theory.sharpness: the flow is the closed form of regression, and stays on the minimisers") {
  const auto inputs = random_numbers(n * d, 5);
  const normalized_regression closed(inputs, random_numbers(n, 6));
  batch_loss<unit, batch<n>, double, squared_error> loss(parameters<unit>{}, inputs, squared_error{closed.targets()});
  const auto field = gradient_of(loss);
  auto w = closed.minimum_norm();
  const auto hessian = symmetric_eigen(hessian_matrix(field, w), d);
  for (std::size_t k = 0; k < d; ++k)  // to another minimiser, and not quite
    base::add(w, hessian.values[k] < 1e-6 ? 0.5 : 1e-3, hessian.vector(k));
  const auto flow = sharpness_reduction_flow(field, w, 2, 20);
  REQUIRE(flow.size() == 21);
  REQUIRE(flow[0].sharpness > 1.2 * closed.least_sharpness());
  for (const flow_point& f : flow) {
    CHECK(loss.value(f.point) < 1e-12);
    CHECK(base::length(f.point) == Approx(1).epsilon(1e-12));
    CHECK(f.sharpness == Approx(closed.sharpness_at(f.point)).epsilon(1e-6));
    CHECK(f.sharpness == Approx(closed.flow(flow[0].sharpness, f.time)).epsilon(1e-3));
  }
  CHECK(flow.back().time == Approx(2));
  for (double& value : w) value = -value;
  CHECK_THROWS_WITH(sharpness_reduction_flow(field, w, 1, 1), Catch::Matchers::Contains("no minimiser"));
  const gradient_field hill = [](std::span<const double> at, std::span<double> g) {
    for (std::size_t i = 0; i < at.size(); ++i) g[i] = -at[i];
  };
  CHECK_THROWS_AS(sharpness_reduction_flow(hill, w, 1, 1), std::invalid_argument);
}

// Half of h(w / |w|)^2, h = u_2 - 0.3 sin(8 u_0): its minimisers are a winding curve on the sphere.
TEST_CASE("theory.sharpness: a step that leaves the minimisers for good is told of") {
  const gradient_field winding = [](std::span<const double> w, std::span<double> g) {
    const double size = base::length(w);
    const auto u = base::normalized(w);
    const double off = u[2] - 0.3 * std::sin(8 * u[0]);
    g[0] = -2.4 * off * std::cos(8 * u[0]) / size, g[1] = 0, g[2] = off / size;
    base::add(g, -base::dot(g, u), u);
  };
  const std::vector<double> w{0.3, 0.9, 0.2};
  CHECK(sharpness_reduction_flow(winding, w, 0.4, 20).size() == 21);
  CHECK_THROWS_WITH(sharpness_reduction_flow(winding, w, 20, 1), Catch::Matchers::Contains("left the minimisers"));
}
