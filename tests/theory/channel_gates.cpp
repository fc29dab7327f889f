// SPDX-License-Identifier: Apache-2.0
// The twin of theory/channel_gates.hpp: which networks have channels that can be removed, decided while compiling.
#include <taut/inference.hpp>
#include <taut/theory/channel_gates.hpp>

#include "support/catch.hpp"

namespace {

using namespace taut;

template <class Net> constexpr bool has_gates(std::initializer_list<channel_gate> wanted) {
  return std::ranges::equal(channel_gates<Net>, wanted);
}
#define GATES(WANTED, ...)                 \
  [] {                                     \
    struct net : decltype(__VA_ARGS__) {}; \
    return has_gates<net> WANTED;          \
  }()

TEST_CASE("theory.channel_gates: batch norms between affine layers") {
  STATIC_REQUIRE(GATES(({{0, 1, 3, 8}, {3, 4, 6, 5}}),
                       Input<4> >> Linear<8> >> BN >> ReLU >> Linear<8, 5> >> BN(epsilon<1e-3>) >> Tanh >> Linear<3>));
  STATIC_REQUIRE(GATES(({{1, 2, 3, 8}}), Input<4> >> Tanh >> Linear<8> >> BN >> Linear<3>));
  STATIC_REQUIRE(GATES(({{0, 2, 4, 8}}), Input<4> >> Linear<8> >> ReLU >> BN >> Dropout<0.1> >> Linear<3>));
}
TEST_CASE("theory.channel_gates: convolutions, pooling, flattening") {
  STATIC_REQUIRE(GATES(({{0, 1, 4, 6}, {4, 5, 8, 7}}), Input<3, 8, 8> >> Conv2d<6, 3> >> BN >> ReLU >> MaxPool<2> >>
                                                           Conv2d<7, 2> >> InstanceNorm >> ReLU >> Flatten >>
                                                           Linear<2>));
  STATIC_REQUIRE(GATES(({{0, 1, 3, 6}}), Input<3, 8> >> Conv1d<6, 3> >> BN >> GlobalAvgPool >> Linear<2>));
}
TEST_CASE("theory.channel_gates: constants need a place") {
  STATIC_REQUIRE(
      GATES(({{0, 1, 3, 8}}), Input<4> >> Linear<8> >> BN >> ReLU >> Linear<5>(no_bias) >> BN(no_affine) >> ReLU));
  STATIC_REQUIRE(GATES(({}), Input<4> >> Linear<8> >> BN >> ReLU >> Linear<5>(no_bias) >> ReLU));
}
TEST_CASE("theory.channel_gates: what is no gate") {
  STATIC_REQUIRE(GATES(({}), Input<4> >> Linear<8> >> LN >> ReLU >> Linear<3>));
  STATIC_REQUIRE(GATES(({}), Input<4> >> Linear<8> >> BN(no_affine) >> ReLU >> Linear<3>));
  STATIC_REQUIRE(GATES(({}), Input<4> >> BN >> Linear<8> >> BN));
  STATIC_REQUIRE(GATES(({}), Input<4> >> Linear<8> >> BN >> GroupSort<2> >> Linear<3>));
  STATIC_REQUIRE(GATES(({}), Input<4> >> Linear<8> >> BN >> Residual(ReLU) >> Linear<3>));
  STATIC_REQUIRE(GATES(({}), Input<4> >> WeightNorm(Linear<8>) >> BN >> WeightNorm(Linear<3>)));
  STATIC_REQUIRE(GATES(({}), Input<4, 9> >> Conv1d<8, 3>(groups<2>) >> BN >> Conv1d<8, 3>));
  // an equal GroupNorm of fewer channels would pool others, and gains of a row are not those of a channel
  STATIC_REQUIRE(GATES(({}), Input<4, 9> >> Conv1d<8, 3> >> GroupNorm<8> >> Conv1d<8, 3>));
  STATIC_REQUIRE(GATES(({}), Input<4, 10> >> Conv1d<8, 3> >> LN(over_last) >> Conv1d<8, 3>));
}
TEST_CASE("theory.channel_gates: channels of all gates") {
  struct net : decltype(Input<4> >> Linear<8> >> BN >> ReLU >> Linear<5> >> BN >> Tanh >> Linear<3>) {};
  STATIC_REQUIRE(gated_channels<net> == 13);
}

}  // namespace
