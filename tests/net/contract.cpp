// SPDX-License-Identifier: Apache-2.0
// The twin of net/contract.hpp: every declaration has its line, and says who looks whether it holds.
#include <taut/inference.hpp>

#include "support/catch.hpp"

namespace {

using namespace taut;

struct digits : decltype(Input<64>(in_ball<8.0>, in_box<0.0, 1.0>) >> Linear<32>(at_most<2.0>) >>
                         LN(min_std<0.25>, gain_at_most<1.5>) >> ReLU >> SpectralNorm<3.0>(Linear<10>)) {};

static_assert(contract<digits> == R"(|x| <= 8: for each input, by certify: contract_holds; radii hold either way
x_i >= 0: for each input, by certify: contract_holds; radii hold either way
x_i <= 1: for each input, by certify: contract_holds; radii hold either way
norm(W0) <= 2: when weights are loaded; at compile time by keeps_declared(p)
gain1 <= 1.5: when weights are loaded; at compile time by keeps_declared(p)
std1 >= 0.25: for each input, by certify: contract_holds; radii hold either way
norm(W3) <= 3: when weights are loaded; at compile time by keeps_declared(p)
)");

// blocks are opened, at their places; what is declared there of a std has no observer, of running variances it has one
struct blocks : decltype(Input<4> >> Residual(Linear<4>(at_most<0.5>) >> RMSNorm(min_std<0.125>)) >>
                         Concat(Tanh, BN(min_std<0.5>) >> Residual(LN(gain_at_most<2.0>)))) {};
static_assert(contract<blocks> == R"(norm(W0.0) <= 0.5: when weights are loaded; at compile time by keeps_declared(p)
rms0.1 >= 0.125: NOT CHECKED: nobody observes a std inside a block; contract_of(p) may prove it
running_std1.1.0 >= 0.5: when weights are loaded; at compile time by keeps_declared(p)
gain1.1.1 <= 2: when weights are loaded; at compile time by keeps_declared(p)
)");

static_assert(contract<decltype(Input<4> >> Linear<3> >> LN >> ReLU)> == "nothing is declared\n");
static_assert(contract<decltype(Input<4>(in_box<-rounded::infinity, 2.0>) >> ReLU)> ==
              "x_i <= 2: for each input, by certify: contract_holds; radii hold either way\n");

// a user's layer that declares a norm and states no claim: nobody proves it, and the contract says so
struct trusting : layer::relu {
  static constexpr auto lipschitz(shape) { return symbol({.name = "slope@", .range = {0, 2}, .declared = true}); }
};
static_assert(contract<decltype(Input<4> >> trusting{})> ==
              "slope0 <= 2: NOT CHECKED: the layer states no claim of its parameters\n");

static_assert(assumptions<digits>.size() == 7 && assumptions<digits>[5].limit == 0.25 &&
              assumptions<digits>[5].when == checked::on_each_input && assumptions<blocks>[1].where.depth == 2);

TEST_CASE("net.contract: what depends on two quantities lists both, each once") {
  struct both : decltype(Input<4> >> BN(min_std<0.5>, gain_at_most<2.0>)) {};
  REQUIRE(assumptions<both>.size() == 2);
  CHECK(assumptions<both>[0].quantity.view() == "gain0");
  CHECK(assumptions<both>[1].quantity.view() == "running_std0");
  CHECK(assumptions<both>[1].at_least);
}

}  // namespace
