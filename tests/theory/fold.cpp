// SPDX-License-Identifier: Apache-2.0
// A fold is layer norm over three neurons, epsilon included; idle stages change no order and no label.
#include <taut/layers/layer_norm.hpp>
#include <taut/net/evaluate.hpp>
#include <taut/theory/fold.hpp>

#include "support/catch.hpp"

namespace {

using namespace taut;

struct one_norm : decltype(Input<3> >> LN(no_affine)) {};
struct coarse_norm : decltype(Input<3> >> LN(no_affine, epsilon<0.5>)) {};

// <e2, LN((p - c) e1 + h e2)> / sqrt(3), with e1, e2 along two altitudes of a triangle
template <class Net> double through_layer_norm(double p, double c, double h) {
  const double e1[]{std::sqrt(0.5), -std::sqrt(0.5), 0},
      e2[]{std::sqrt(1 / 6.0), std::sqrt(1 / 6.0), -std::sqrt(4 / 6.0)};
  std::array<double, 3> x{};
  for (std::size_t i = 0; i < 3; ++i) x[i] = (p - c) * e1[i] + h * e2[i] + 7;  // the mean does not matter
  const auto z = evaluate(parameters<Net>{}, x);
  return (z[0] * e2[0] + z[1] * e2[1] + z[2] * e2[2]) / std::sqrt(3.0);
}

}  // namespace

TEST_CASE("theory.fold: layer norm over three neurons folds the line, and epsilon adds to the square of the height") {
  base::random_stream random(1);
  for (int k = 0; k < 100; ++k) {
    const double p = random.uniform(), c = random.uniform(-0.5, 1.5), h = random.uniform(0.03, 3);
    const ln_net::fold fine{c, std::sqrt(h * h + 3e-5)}, coarse{c, std::sqrt(h * h + 1.5)};
    REQUIRE(through_layer_norm<one_norm>(p, c, h) == Approx(h / fine.height * fine(p)).epsilon(1e-12));
    REQUIRE(through_layer_norm<coarse_norm>(p, c, h) == Approx(h / coarse.height * coarse(p)).epsilon(1e-12));
  }
  constexpr ln_net::fold f{0.25, 0.5};
  static_assert(f(0.25) == 1 && f(0) == f(0.5) && f(1) < f(0.75));
}

TEST_CASE("theory.fold: an idle stage maps [0, 1] onto itself and keeps the order") {
  constexpr ln_net::stage idle = ln_net::idle_stage();
  REQUIRE(std::abs(idle(0)) < 1e-15);
  REQUIRE(idle(1) == Approx(1));
  for (int k = 0; k < 100; ++k) REQUIRE(idle(k * 0.01) < idle(k * 0.01 + 0.01));
}

TEST_CASE("theory.fold: a chain labels points by the interval they end in, padded or not") {
  // the middle third against both ends: one fold about it
  ln_net::folding f;
  const ln_net::fold about{0.5, 0.2};
  f.direction = {1}, f.stages = {{about, 2, -1}}, f.order = {7, 4}, f.borders = {2 * about(0.32) - 1};
  REQUIRE(f.complete());
  REQUIRE_FALSE(ln_net::folding{}.complete());
  for (const std::size_t depth : {1u, 2u, 9u})
    for (const auto& [x, label] : {std::pair{0.1, 7u}, {0.31, 7u}, {0.33, 4u}, {0.5, 4u}, {0.67, 4u}, {0.69, 7u}})
      REQUIRE(f.padded(depth).label_of(&x) == label);
  REQUIRE(f.padded(9).stages.size() == 9);
  REQUIRE_THROWS_AS(f.padded(0), ln_net::fit_error);
  const double x = 0;
  REQUIRE_THROWS_AS(ln_net::folding{}.label_of(&x), ln_net::fit_error);
}
