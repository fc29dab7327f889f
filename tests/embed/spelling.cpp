// SPDX-License-Identifier: Apache-2.0
// The twin of embed/spelling.hpp. Each test builds a network from an expression and requires its spelling to be the
// text of that very expression: what is spelled compiles back to the same type.
#include <taut/embed/spelling.hpp>
#include <taut/inference.hpp>

#include "support/catch.hpp"

namespace {

using namespace taut;

#define SPELLS(NAME, ...)                     \
  TEST_CASE("embed.spelling: " NAME) {        \
    struct net : decltype(__VA_ARGS__) {};    \
    REQUIRE(spelling<net>() == #__VA_ARGS__); \
  }

SPELLS("options", Input<64> >> Linear<32>(at_most<2.0>) >> LayerNorm(min_std<0.25>, gain_at_most<1.0>) >> ReLU >>
                      Linear<10>(at_most<2.0>))
SPELLS("flags", Input<64> >> Linear<64, 32>(no_bias) >> LayerNorm(no_affine) >> Tanh)
SPELLS("the order of options", Input<8> >> Linear<4>(at_most<3.0>, no_bias) >> Linear<4>(no_bias, at_most<3.0>))
SPELLS("shapes of rank 2 and 3 and a single layer", Input<2, 3> >> LayerNorm)
SPELLS("rank 3", Input<3, 8, 8> >> ReLU >> Tanh)
SPELLS("numbers with all their digits", Input<4> >> LayerNorm(epsilon<1e-05>) >>
                                            LayerNorm(epsilon<0.30000000000000004>) >> LayerNorm(epsilon<1e+100>) >>
                                            Linear<2>(at_most<16777217.0>))
SPELLS("the smallest number", Input<4> >> Linear<2>(at_most<5e-324>) >> Linear<2>(at_most<0.1>))
SPELLS("no number", Input<4> >> Linear<2>(at_most<taut::rounded::infinity>))

SPELLS("windows", Input<3, 9, 8> >> Conv2d<6, 3, 2>(padding<1, 0>, stride<2>, groups<3>) >> MaxPool<2>(padding<1>) >>
                      AvgPool<2, 1>(stride<1>) >> GlobalAvgPool >> Softmax)
SPELLS("signals", Input<2, 30> >> Conv1d<4, 3>(no_bias, at_most<2.0>) >> InstanceNorm(no_affine) >> GroupNorm<2> >>
                      BatchNorm(momentum<0.2>) >> LayerNorm(over_last) >> Flatten >> LogSoftmax)
SPELLS("weights", Input<6> >> WeightNorm(Linear<5>(at_most<2.0>)) >> SpectralNorm<1.5>(Linear<6>(no_bias)) >>
                      CenteredWeightNorm(Linear<6, 4>) >> RMSNorm(epsilon<1e-06>))
SPELLS("numbers in layers", Input<6> >> LeakyReLU<0.012345678901234567> >> Dropout<0.1> >> GroupSort<3>)
SPELLS("blocks", Input<6> >> Residual(Linear<4> >> ELU >> Linear<6>) >>
                     Concat(GELU, Linear<3>(no_bias) >> Residual(SiLU), Sigmoid >> Softplus) >> GELUTanh)

TEST_CASE("embed.spelling: abbreviations are spelled out, the type is the same") {
  struct shorter : decltype(Input<4> >> LN(min_std<1.5>)) {};
  REQUIRE(spelling<shorter>() == "Input<4> >> LayerNorm(min_std<1.5>)");
  static_assert(std::same_as<shorter::normal_form, decltype(Input<4> >> LayerNorm(min_std<1.5>))::normal_form>);
  struct nothing : network<layer::input<4>> {};
  REQUIRE(spelling<nothing>() == "Input<4>");
}

// User layers: one that gives its text, one that writes it, number and inner layers included.
struct leaky : layer::relu {
  static std::string spelling() { return "user::Leaky"; }
};
struct padding : option::base {
  using key = taut::option::base;
  static constexpr std::size_t value = 3;
  static constexpr const char* name = "padding";
};
struct block : layer::relu {
  static constexpr void spelling(auto& out) {
    out += "user::Block<";
    out += 0.01;
    out += ", ";
    out += std::size_t{7};
    out += ">(";
    out.layers(base::list<layer::linear<3, 0>, layer::tanh>{});
    out += ")";
    out.options(base::list<padding, option::no_bias>{});
  }
};

TEST_CASE("embed.spelling: layers that spell themselves") {
  struct net : network<layer::input<4>, leaky, block> {};
  REQUIRE(spelling<net>() == "Input<4> >> user::Leaky >> user::Block<0.01, 7>(Linear<3> >> Tanh)(padding<3>, no_bias)");
}

}  // namespace
