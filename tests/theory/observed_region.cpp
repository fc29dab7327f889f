// SPDX-License-Identifier: Apache-2.0
#include <taut/certify/lipschitz_of.hpp>
#include <taut/layers/batch_norm.hpp>
#include <taut/layers/group_norm.hpp>
#include <taut/layers/layer_norm.hpp>
#include <taut/layers/linear.hpp>
#include <taut/layers/relu.hpp>
#include <taut/net/compose.hpp>
#include <taut/theory/observed_region.hpp>

#include "support/catch.hpp"

using namespace taut;

namespace {

struct net : decltype(Input<4> >> Linear<6> >> LN >> ReLU >> Linear<4> >> GN<2>(no_affine) >> Linear<3>) {};
/// The same with floors that the type declares.
struct declaring : decltype(Input<4> >> Linear<6> >> LN(min_std<0.5>) >> ReLU >> Linear<4> >>
                            GN<2>(no_affine, min_std<0.125>) >> Linear<3>) {};
struct batched : decltype(Input<3> >> Linear<2> >> BN >> Linear<3>) {};

template <class Net> parameters<Net> drawn(std::uint64_t seed) {
  parameters<Net> p;
  initialise(p, seed);
  base::random_stream random(seed);
  for (float& g : get<1>(p).gain) g = static_cast<float>(random.uniform(0.5, 2));
  return p;
}

std::vector<float> inputs(std::size_t count, std::uint64_t seed) {
  base::random_stream random(seed);
  std::vector<float> x(4 * count);
  for (float& v : x) v = static_cast<float>(random.normal());
  return x;
}

double distance(const auto& a, const auto& b) {
  double squares = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double d = static_cast<double>(a[i]) - static_cast<double>(b[i]);
    squares += d * d;
  }
  return std::sqrt(squares);
}

}  // namespace

TEST_CASE("theory.observed_region: stds at normalizers, of every run") {
  parameters<net> p;
  for (std::size_t i = 0; i < 4; ++i) get<0>(p).weight[i * 4 + i] = 1;  // 4 inputs and two zeros
  for (std::size_t i = 0; i < 4; ++i) get<3>(p).weight[i * 6 + i] = 1;
  const std::vector<float> x{3, 0, 0, 0, 0, 0, 6, 0, 0, -3, 0, 0};
  const auto seen = observed_region_of(p, std::span(x));
  const double one = std::sqrt(1.25);  // the std of (3, 0, 0, 0, 0, 0)
  CHECK(seen.smallest_std[1] == Approx(one));
  CHECK(seen.median_std[1] == Approx(one));
  // behind LN and ReLU (sqrt 5, 0 | 0, 0), (0, 0 | sqrt 5, 0), (0, 1/sqrt 5 | 1/sqrt 5, 1/sqrt 5)
  CHECK(seen.smallest_std[4] == Approx(0).margin(1e-12));
  CHECK(seen.median_std[4] == Approx(0.5 / std::sqrt(5.0)).epsilon(1e-4));
  const auto of_third = observed_region_of(p, std::span(x).last(4));
  CHECK(of_third.smallest_std[4] == Approx(0).margin(1e-12));  // the second run
  CHECK(of_third.median_std[4] == Approx(0.5 / std::sqrt(5.0)).epsilon(1e-4));
  CHECK((seen.smallest_std[0] == 0 && seen.smallest_std[2] == 0));
  CHECK_THROWS_WITH(observed_region_of(p, std::span(x).first(5)), "5 numbers are no samples of 4");

  parameters<batched> q;
  get<1>(q).running_var = {4, 9};
  const auto of_channels = observed_region_of(q, {});
  CHECK(of_channels.smallest_std[1] == Approx(2));
  CHECK(of_channels.median_std[1] == Approx(3));
}

TEST_CASE("theory.observed_region: the same constants as with declared stds") {
  const auto p = drawn<net>(2);
  parameters<declaring> q;
  get<0>(q).weight = get<0>(p).weight;
  get<1>(q).gain = get<1>(p).gain;
  get<3>(q).weight = get<3>(p).weight, get<5>(q).weight = get<5>(p).weight;
  std::array<double, net::depth> stds{};
  stds[1] = 0.5, stds[4] = 0.125;
  for (const double radius : {0.0, 0.25}) {
    const auto given = lipschitz_above(p, stds, {.input_norm = 3, .radius = radius});
    const auto declared = parameter_lipschitz_of(q, {.input_norm = 3, .radius = radius});
    CHECK(given.value == declared.value);
    CHECK(given.of_layer == declared.of_layer);
    CHECK(given.reach == declared.reach);
    const double input = radius > 0 ? declared.input : std::min(declared.input, lipschitz_of(q).value);
    CHECK(given.input == Approx(input).epsilon(1e-12));
    const auto more = lipschitz_above(q, {}, {.input_norm = 3, .radius = radius});  // what is declared holds anyway
    CHECK(more.value == declared.value);
  }
  const parameter_domain left_out{.input_norm = 3, .normalizers = false};
  CHECK(lipschitz_above(p, stds, left_out).input == parameter_lipschitz_of(p, left_out).input);
  CHECK(lipschitz_above(p, stds, left_out).value == parameter_lipschitz_of(p, left_out).value);
  CHECK(lipschitz_above(p, {}, {.input_norm = 3}).input >= 1000 * lipschitz_above(p, stds, {.input_norm = 3}).input);
}

TEST_CASE("theory.observed_region: no two samples of the region are steeper") {
  double closest = 0;
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    const auto p = drawn<net>(seed);
    const auto x = inputs(40, seed);
    const auto seen = observed_region_of(p, std::span(x));
    CHECK(seen.smallest_std[4] > 0);
    CHECK(seen.smallest_std[4] < seen.median_std[4]);
    const auto bound = lipschitz_above(p, seen.smallest_std, {.input_norm = 10});
    const auto at_medians = lipschitz_above(p, seen.median_std, {.input_norm = 10});
    CHECK(at_medians.input < bound.input);
    for (std::size_t i = 0; i < 40; ++i)
      for (std::size_t j = 0; j < i; ++j) {
        const auto a = std::span(x).subspan(4 * i, 4), b = std::span(x).subspan(4 * j, 4);
        const double slope = distance(evaluate(p, a), evaluate(p, b)) / distance(a, b);
        CHECK(slope <= bound.input);
        closest = std::max(closest, slope / bound.input);
      }
  }
  CHECK(closest > 1e-3);
}
