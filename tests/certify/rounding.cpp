// SPDX-License-Identifier: Apache-2.0
// What is known of the rounding of a network: norms as the engine folds them, layers that state nothing, blocks, and
// balls on which stds shrink. Attacks are in laws/float_error.cpp.
#include <taut/inference.hpp>

#include "laws/support.hpp"
#include "support/catch.hpp"

namespace {

using namespace taut;
using namespace taut::tests;
using certificates::farthest;
template <class Expression> using net = typename Expression::normal_form;
using lane = simd::portable<1>;

template <class Net> auto rounding(const parameters<Net>& p) {
  return certificates::rounding_of<lane>(p, certificates::factors(p));
}

// y = x / 2, but nobody says how its kernel rounds
struct silent : pointwise_layer {
  static constexpr auto name = base::say("silent");
  static constexpr bool homogeneous = false;
  static constexpr output_range range{};
  template <class V> static constexpr V apply(V x) { return x * simd::number<V>(0.5); }
  template <class V> static constexpr V derivative(V, V) { return V(0.5); }
  static constexpr auto lipschitz(shape) { return constant(0.5); }
};
struct outspoken : silent {
  static constexpr kernel_error accuracy{};
};

}  // namespace

TEST_CASE("certify.rounding: a layer that does not state its accuracy leaves no radius, inside a block neither") {
  const auto check = [](auto expression, bool known) {
    using Net = net<decltype(expression)>;
    const auto guard = certifier(random_parameters<Net>(1));
    CHECK(guard.rounding_known == known);
    const auto v = certify(guard, std::array{3.0f, -1.0f, 2.0f});
    CHECK((v.radius > 0) == known);
    CHECK(v.contract_holds);
  };
  check(Input<3> >> Linear<4> >> silent{} >> Linear<2>, false);
  check(Input<3> >> Linear<4> >> outspoken{} >> Linear<2>, true);
  check(Input<3> >> Residual(Linear<4> >> silent{} >> Linear<3>) >> Linear<2>, false);
  check(Input<3> >> Residual(Linear<4> >> outspoken{} >> Linear<3>) >> Linear<2>, true);
}

TEST_CASE("certify.rounding: the steps of affine layers are about the weights that the engine folds") {
  using Net = net<decltype(Input<3> >> Linear<3> >> LN >> Linear<2>)>;
  parameters<Net> p{};
  get<0>(p).weight = {1e6f + 1, 0, 0, 1e6f, 1, 0, 1e6f, 0, 1};  // the common part of the rows is centred away
  get<1>(p).gain = {0.25f, 1, 1};
  get<1>(p).offset = {3, 0, 4};
  get<2>(p).weight = {4, 0, 0, 0, 1, 0};
  const auto steps = rounding(p);
  CHECK(steps[0].step.growth < 2);
  CHECK(steps[0].step.of_size < 1e-5);
  CHECK(steps[1].normalizes);
  CHECK(steps[1].sphere.gain == 1);                        // it is in the next matrix
  CHECK(steps[2].step.added == Approx(12).epsilon(1e-5));  // W offset = (12, 0)
  CHECK(steps[2].step.growth >= 1);
  CHECK(steps[2].step.growth < 2);
  // not next to each other: the gains stay with the normalizer
  using apart = net<decltype(Input<3> >> Linear<3> >> LN >> ReLU >> Linear<2>)>;
  parameters<apart> q{};
  get<1>(q).gain = {0.25f, -2, 1};
  CHECK(rounding(q)[1].sphere.gain == 2);
  CHECK(rounding(q)[1].sphere.fixed < 1e-20);  // owed to the next layer
  get<1>(q).offset = {1, 0, 0};
  CHECK(rounding(q)[1].sphere.fixed > 1e-8);
}

TEST_CASE("certify.rounding: what leaves a ball grows with it, and without end where stds may vanish") {
  using Net = net<decltype(Input<8> >> Linear<8> >> LN(epsilon<1e-30>) >> ReLU >> Linear<2>)>;
  const auto steps = rounding(random_parameters<Net>(3));
  std::array<double, Net::depth> seen{farthest, 1, farthest, farthest}, low = seen;
  const std::array<double, Net::depth> none{};
  double before = 0;
  for (const double move : {0.0, 1.0, 2.0, 2.8}) {
    const std::array<double, Net::depth> moves{move, move, move, move};
    const double error = certificates::rounding_on_ball(steps, 3, 8, seen, &moves, none, low);
    CHECK(error > before);
    CHECK(error < 1);
    before = error;
  }
  CHECK(low[1] < 1);
  CHECK(low[1] > 1 - 1e-5);
  const std::array<double, Net::depth> all{3, 3, 3, 3};
  CHECK_FALSE(rounded::is_finite(certificates::rounding_on_ball(steps, 3, 8, seen, &all, none, low)));
  const std::array<double, Net::depth> floor{0, 0.5, 0, 0};
  CHECK(certificates::rounding_on_ball(steps, 3, 8, seen, nullptr, floor, low) < 1);
}
