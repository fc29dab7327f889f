// SPDX-License-Identifier: Apache-2.0
#include <taut/certify/lipschitz_of.hpp>
#include <taut/certify/parameter_lipschitz.hpp>
#include <taut/layers/batch_norm.hpp>
#include <taut/layers/linear.hpp>
#include <taut/layers/tanh.hpp>
#include <taut/net/compose.hpp>
#include <taut/theory/jacobian.hpp>

#include "support/catch.hpp"

using namespace taut;

namespace {

struct net : decltype(Input<4> >> Linear<5> >> BN >> Tanh >> Linear<3>) {};
struct row : decltype(Input<2> >> Linear<2>(no_bias) >> Linear<1>(no_bias)) {};

parameters<net> trained(std::uint64_t seed) {
  parameters<net> p;
  initialise(p, seed);
  base::random_stream random(seed + 100);
  for (std::size_t c = 0; c < 5; ++c) {
    get<1>(p).running_mean[c] = static_cast<float>(random.normal());
    get<1>(p).running_var[c] = static_cast<float>(random.uniform(0.5, 3));
    get<1>(p).gain[c] = static_cast<float>(random.uniform(-2, 2));
  }
  return p;
}

/// |f(p + h d, x) - f(p - h d, x)| / 2h for a random direction |d| = 1 in all trainable parameters.
double slope_along(const parameters<net, double>& p, const std::array<double, 4>& x, base::random_stream& random) {
  constexpr double h = 1e-5;
  auto above = p, below = p;
  double squares = 0;
  std::vector<double> d(net::parameter_count);
  for (double& v : d) v = random.normal(), squares += v * v;
  const auto moved = [&](parameters<net, double>& q, double by) {
    std::size_t at = 0;
    for_each_described_tensor(q, [&](const tensor_info& info, auto values) {
      if (info.purpose != role::trainable) return;
      for (auto& v : values) v += static_cast<std::remove_cvref_t<decltype(v)>>(by * d[at++] / std::sqrt(squares));
    });
    CHECK(at == d.size());
    return evaluate(q, x);
  };
  const auto up = moved(above, h), down = moved(below, -h);
  double change = 0;
  for (std::size_t j = 0; j < 3; ++j) change += (up[j] - down[j]) * (up[j] - down[j]);
  return std::sqrt(change) / (2 * h);
}

}  // namespace

TEST_CASE("theory.jacobian: of two matrices in a row, by hand") {
  parameters<row> p;
  get<0>(p).weight = {2, 0, 0, 3};
  get<1>(p).weight = {1, 2};
  const auto n = jacobian_at<row>(p)(std::array{1.0, -1.0});
  CHECK(n.input == Approx(std::sqrt(2.0 * 2 + 6 * 6)).epsilon(1e-12));
  // d/dW2 = h = (2, -3), d/dW1 = w2 x' has norm |w2| |x|
  CHECK(n.parameters == Approx(std::sqrt(4.0 + 9 + 5 * 2)).epsilon(1e-12));
}

TEST_CASE("theory.jacobian: no slope is steeper, some are nearly as steep, and proved bounds are above") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const auto p = trained(seed);
    const auto q = converted<double>(p);
    base::random_stream random(seed);
    jacobian_at<net> slopes(p);
    std::array<double, 4> x{};
    for (double& v : x) v = random.normal();
    const jacobian_norms n = slopes(x), again = slopes(x);
    CHECK((n.input == again.input && n.parameters == again.parameters));  // nothing is left of the first call
    double squares = 0, steepest = 0, steepest_in_input = 0;
    for (const double v : x) squares += v * v;
    for (int k = 0; k < 300; ++k) {
      steepest = std::max(steepest, slope_along(q, x, random));
      auto above = x, below = x;
      double length = 0;
      std::array<double, 4> d{};
      for (double& v : d) v = random.normal(), length += v * v;
      for (std::size_t i = 0; i < 4; ++i)
        above[i] += 1e-5 * d[i] / std::sqrt(length), below[i] -= 1e-5 * d[i] / std::sqrt(length);
      const auto up = evaluate(p, above), down = evaluate(p, below);
      double change = 0;
      for (std::size_t j = 0; j < 3; ++j) change += (up[j] - down[j]) * (up[j] - down[j]);
      steepest_in_input = std::max(steepest_in_input, std::sqrt(change) / 2e-5);
    }
    CHECK(steepest <= n.parameters * (1 + 1e-6));
    CHECK(steepest >= 0.3 * n.parameters);  // 52 dimensions
    CHECK(steepest_in_input <= n.input * (1 + 1e-6));
    CHECK(steepest_in_input >= 0.9 * n.input);
    CHECK(n.input <= lipschitz_of(p).value);
    CHECK(n.parameters <= parameter_lipschitz_of(p, {.input_norm = std::sqrt(squares)}).value);
  }
}
