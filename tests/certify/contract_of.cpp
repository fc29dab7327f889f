// SPDX-License-Identifier: Apache-2.0
// The twin of certify/contract_of.hpp: what weights prove of a contract, as values and as text; the code in
// docs/contracts.md; and that a proved floor holds.
#include <taut/inference.hpp>

#include "laws/support.hpp"
#include "support/catch.hpp"

namespace {

using namespace taut;
using namespace taut::tests;

// z of norm 2 / sqrt(1 + 1) or more, three times as long: std 2.1213 or more
struct Net : decltype(Input<4>(in_ball<1.0>) >> Linear<4>(at_most<2.0>) >> LN(min_std<1.0>, epsilon<1.0>, no_affine) >>
                      MaxMin >> Linear<4> >> LN(min_std<2.0>) >>
                      Residual(Linear<4> >> RMSNorm(min_std<0.5>) >> Linear<4>) >> Linear<2> >> LN) {};
constexpr parameters<Net> stretched() {
  parameters<Net> p;
  for (std::size_t i = 0; i < 4; ++i) {
    get<0>(p).weight[5 * i] = 0.5f;
    get<3>(p).weight[5 * i] = 3;
    get<0>(std::get<0>(get<5>(p).inside)).weight[5 * i] = 1;
  }
  get<0>(p).bias = {9, 0, 0, 0};
  get<0>(std::get<0>(get<5>(p).inside)).bias = {5, 5, 5, 5};  // never near 0: |z| < 2, |b| = 10
  get<6>(p).weight = {1, 0, 0, 0, 0, 0, 0, 0};
  get<6>(p).bias = {20, 0};
  return p;
}

constexpr contract_status<Net> by_compiler = contract_of(stretched());
static_assert(by_compiler.weights_keep && by_compiler.floors.size() == 4);
static_assert(!by_compiler.floors[0].proved() && by_compiler.floors[0].implied_for_declared > 3.5);
static_assert(by_compiler.floors[1].proved() && by_compiler.floors[1].implied > 2.12);
static_assert(by_compiler.floors[2].where.depth == 2 && by_compiler.floors[2].proved());
static_assert(by_compiler.floors[3].declared == 0 && by_compiler.floors[3].implied > 5 && !by_compiler.proved());

}  // namespace

TEST_CASE("certify.contract_of: each line says what is proved and what is left to check") {
  const auto text = contract_of(stretched()).text();
  CHECK(text.view() == R"(|x| <= 1: for each input, by certify: contract_holds; radii hold either way
norm(W0) <= 2: proved of these weights
std1 >= 1: proved, 3.6471 or more for the inputs that the type declares if the floors before hold
std4 >= 2: proved, 2.12131 or more for every input if the floors before hold
rms5.1 >= 0.5: proved, 3.99998 or more for every input if the floors before hold
layer 7: could declare min_std, 8.99995 or more is proved
)");
}

TEST_CASE("certify.contract_of: weights that break a declaration are told, and floors that do not follow stay") {
  auto p = stretched();
  get<0>(p).weight[0] = 2.5f;
  get<3>(p).weight[0] = 0.25f;
  const auto status = contract_of(p);
  CHECK(!status.weights_keep);
  CHECK(!status.floors[1].proved());
  CHECK_THAT(std::string(status.text().view()), contains("norm(W0) <= 2: NOT PROVED of these weights"));
  CHECK_THAT(std::string(status.text().view()), contains("std4 >= 2: for each input, by certify"));
}

TEST_CASE("certify.contract_of: of several declarations, the broken one is named") {
  struct several : decltype(Input<3> >> Linear<4>(at_most<2.0>) >> BN(min_std<0.5>, gain_at_most<1.0>) >>
                            Residual(Linear<4>(at_most<2.0>) >> LN(gain_at_most<1.0>))) {};
  parameters<several> p;
  get<1>(p).running_var[2] = 0.2f;
  get<0>(std::get<0>(get<2>(p).inside)).weight[3] = 2.5f;
  CHECK(contract_of(p).text().view() == R"(norm(W0) <= 2: proved of these weights
gain1 <= 1: proved of these weights
running_std1 >= 0.5: NOT PROVED of these weights
norm(W2.0) <= 2: NOT PROVED of these weights
gain2.1 <= 1: proved of these weights
)");
}

TEST_CASE("certify.contract_of: no input that keeps the other floors breaks a proved one") {
  struct net
      : decltype(Input<3> >> Linear<4> >> LN(min_std<0.75>) >> Linear<10> >> LN(min_std<0.25>) >> ReLU >> Linear<3>) {};
  int proved = 0, met = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const auto p = random_parameters<net>(seed, 2);
    const auto status = contract_of(p);
    if (!status.floors[1].proved()) continue;
    ++proved;
    differentiable<net> f(p);
    base::random_stream random(seed);
    for (int i = 0; i < 200; ++i) {
      std::vector<double> x = random_vector(random, 3, 2);
      for (std::size_t layer = 0; layer < 3; ++layer) {
        if (layer == 1 && std::sqrt(normalizer::measure<layer_of<net, 1>>(x.data(), 4).variance) < 0.75) break;
        std::vector<double> y(layer == 2 ? 10 : 4);
        if (layer == 0) forward<layer_of<net, 0>, net::shapes[0]>(get<0>(p), x.data(), y.data());
        if (layer == 1) forward<layer_of<net, 1>, net::shapes[1]>(get<1>(p), x.data(), y.data());
        if (layer == 2) forward<layer_of<net, 2>, net::shapes[2]>(get<2>(p), x.data(), y.data());
        x = y;
      }
      if (x.size() != 10) continue;
      ++met;
      REQUIRE(std::sqrt(normalizer::measure<layer_of<net, 3>>(x.data(), 10).variance) >=
              status.floors[1].implied * (1 - 1e-12));
    }
  }
  CHECK(proved > 10);
  CHECK(met > 1000);
}

TEST_CASE("certify.contract_of: inputs in and out of the declared ball and box") {
  using certificates::input_contract_holds;
  struct ball : decltype(Input<3>(in_ball<3.0>) >> ReLU) {};
  struct box : decltype(Input<3>(in_box<0.0, 1.0>) >> ReLU) {};
  struct open : decltype(Input<3> >> ReLU) {};
  const auto in = [](const std::array<float, 3>& x) { return std::span<const float, 3>(x); };
  const float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
  CHECK(input_contract_holds<ball>(in({2, -2, 1})));  // on the sphere
  CHECK(!input_contract_holds<ball>(in({2, -2, 1.00001f})));
  CHECK(!input_contract_holds<ball>(in({nan, 0, 0})));
  CHECK(!input_contract_holds<ball>(in({inf, 0, 0})));
  CHECK(input_contract_holds<box>(in({0, 1, 0.5f})));
  CHECK(!input_contract_holds<box>(in({-1e-30f, 1, 0.5f})));
  CHECK(!input_contract_holds<box>(in({0, 1.0000001f, 0.5f})));
  CHECK(!input_contract_holds<box>(in({nan, 1, 0.5f})));
  CHECK(input_contract_holds<open>(in({nan, inf, 1e30f})));
}

// ---- the code of docs/contracts.md

struct Sensor : decltype(Input<8>(in_box<-1.0, 1.0>) >> Linear<12>(at_most<2.0>) >>
                         LN(min_std<0.25>, gain_at_most<1.0>) >> MaxMin >> Linear<24> >> LN(min_std<0.1>) >> ReLU >>
                         Residual(LN(min_std<0.05>) >> Linear<24>) >> Linear<3>) {};

static_assert(contract<Sensor> ==
              R"(x_i >= -1: for each input, by certify: contract_holds; radii hold either way
x_i <= 1: for each input, by certify: contract_holds; radii hold either way
norm(W0) <= 2: when weights are loaded; at compile time by keeps_declared(p)
gain1 <= 1: when weights are loaded; at compile time by keeps_declared(p)
std1 >= 0.25: for each input, by certify: contract_holds; radii hold either way
std4 >= 0.1: for each input, by certify: contract_holds; radii hold either way
std6.0 >= 0.05: NOT CHECKED: nobody observes a std inside a block; contract_of(p) may prove it
)");

TEST_CASE("certify.contract_of: the example of the documentation") {
  parameters<Sensor> p;
  initialise(p, 8);
  for (float& w : get<0>(p).weight) w *= 0.5f;
  const std::string text(contract_of(p).text().view());
  CHECK_THAT(text, contains("norm(W0) <= 2: proved of these weights\ngain1 <= 1: proved of these weights\n"));
  CHECK_THAT(text, contains("std4 >= 0.1: proved, 0.4116"));
  CHECK_THAT(text, contains("std6.0 >= 0.05: NOT CHECKED"));
  const auto ranges = ranges_of(p);
  CHECK(ranges[0].norm == Approx(std::sqrt(8.0)));   // the corners of the box
  CHECK(ranges[2].norm == Approx(std::sqrt(12.0)));  // the sphere of the first normalizer, whatever the weights
  CHECK(ranges[2].highest == Approx(std::sqrt(11.0)));
}
