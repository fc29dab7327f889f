// SPDX-License-Identifier: Apache-2.0
#include <taut/layers/batch_norm.hpp>
#include <taut/layers/group_norm.hpp>
#include <taut/layers/layer_norm.hpp>
#include <taut/layers/linear.hpp>
#include <taut/net/compose.hpp>
#include <taut/theory/local_slope.hpp>

#include "support/catch.hpp"

using namespace taut;

namespace {

struct net : decltype(Input<4> >> GN<2> >> Linear<3> >> LN(epsilon<1e-3>) >> Linear<3>) {};
struct one_output : decltype(Input<4> >> Linear<1>) {};
struct batched : decltype(Input<2> >> Linear<2> >> BN >> Linear<2>) {};

dataset drawn(double scale) {
  base::random_stream random(3);
  dataset data{array<float, 2>::from_shape({6, 4}), {0, 1, 2, 2, 1, 0}};
  for (float& v : data.inputs) v = static_cast<float>(scale * random.normal());
  return data;
}

template <class Net>
concept has_margins = requires(parameters<Net> p, dataset data) { local_slopes(p, data); };
static_assert(has_margins<net> && !has_margins<one_output>);

}  // namespace

TEST_CASE("theory.local_slope: the steepest fall of the margin, by differences") {
  parameters<net> p;
  initialise(p, 2);
  const dataset data = drawn(1);
  const auto seen = local_slopes(p, data);
  for (std::size_t i = 0; i < data.size(); ++i) {
    const std::size_t label = data.labels[i];
    std::vector<double> x(data.input(i).begin(), data.input(i).end());
    const auto margin = [&] {
      const auto y = evaluate(p, x);
      return y[label] - std::max(y[(label + 1) % 3], y[(label + 2) % 3]);
    };
    CHECK(seen[i].margin == Approx(margin()));
    double square = 0;
    for (double& v : x) {
      constexpr double h = 1e-6;
      const double held = v;
      v = held + h;
      const double above = margin();
      v = held - h;
      const double slope = (above - margin()) / (2 * h);
      v = held;
      square += slope * slope;
    }
    CHECK(seen[i].slope == Approx(std::sqrt(square)).epsilon(1e-5).margin(1e-6));
  }
}

TEST_CASE("theory.local_slope: the ratio is that of the smallest std of a sample, times the gain") {
  parameters<net> p;
  initialise(p, 2);
  dataset data = drawn(1);
  data.inputs(0, 0) = 0, data.inputs(0, 1) = 1, data.inputs(0, 2) = 1, data.inputs(0, 3) = 3;  // stds 1/2 and 1
  get<0>(p).gain = {-3, 3, 1, 1};
  get<1>(p).weight = {1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};  // the second normalizer sees (3, 0, 0): variance 2
  get<2>(p).gain = {2, 1, 1};
  const double expected = 3 / std::sqrt(0.25 + 1e-5) * 2 / std::sqrt(2 + 1e-3);
  CHECK(local_slopes(p, data)[0].ratio == Approx(expected).epsilon(1e-4));
}

TEST_CASE("theory.local_slope: batch norm's ratio is fixed") {
  parameters<batched> p;
  get<1>(p).gain = {1, -3};
  get<1>(p).running_var = {0.25f, 4};
  CHECK(fixed_ratio(p) == Approx(2).epsilon(1e-4));
  CHECK(fixed_ratio(parameters<net>{}) == 1);
}
