// SPDX-License-Identifier: Apache-2.0
// Stages of layers that are not affine: scalings that fold nowhere, mixing layers first and last, blocks in blocks.
#include <taut/inference.hpp>

#include "laws/laws.hpp"

namespace {

using namespace taut;
using namespace taut::tests;

// Sizes less one that leave every kind of remainder in registers of 4, 8 and 16 floats.
using remainders = std::index_sequence<0, 3, 14, 16>;

template <class Expression> void check(Expression, std::size_t samples = 3) {
  using Net = typename Expression::normal_form;
  for (std::uint64_t seed = 1; seed <= 2; ++seed) check_kernels(random_parameters<Net>(seed), seed, samples);
}

template <std::size_t... Width> void check_scalings(std::index_sequence<Width...>) {
  (check(Input<Width + 1> >> BN >> Tanh >> BN >> BN >> Softplus >> Linear<2> >> ReLU >> BN, 1), ...);
}
template <std::size_t... Width> void check_blocks(std::index_sequence<Width...>) {
  (check(Input<Width + 1> >> Residual(Linear<Width + 1> >> Softplus) >> Linear<3>, 1), ...);
  (check(Input<Width + 1> >> Concat(Softplus, Linear<3>) >> Sigmoid >> Linear<2>, 1), ...);
}

}  // namespace

TEST_CASE("engine.single: scalings that fold nowhere, at every remainder of a register") {
  check_scalings(remainders{});
  check(Input<2, 9> >> BN >> ReLU >> Conv1d<3, 2>);
  check(Input<2, 9> >> BN >> BN);
  check(Input<3> >> LN >> BN >> LN >> BN);
}

TEST_CASE("engine.single: mixing layers first and last, and between") {
  check(Input<2, 7> >> Flatten >> Linear<3> >> Softmax);
  check(Input<2, 7> >> MaxPool<2> >> Tanh >> Flatten >> Linear<5> >> LogSoftmax);
  check(Input<6> >> Softmax >> LN >> GroupSort<2>);
  check(Input<7> >> Softmax >> Linear<4> >> LN >> ReLU >> GroupSort<2> >> Linear<3>);
  check(Input<3, 5> >> GlobalAvgPool >> BN >> Linear<2>);
  check(Input<2, 5, 5> >> AvgPool<2> >> BN >> Softplus >> Flatten);
}

TEST_CASE("engine.single: blocks at every remainder of a register") { check_blocks(remainders{}); }

TEST_CASE("engine.single: blocks inside blocks, behind and before every kind of stage") {
  check(Input<5> >> Residual(Residual(Linear<5> >> LN >> ReLU >> Linear<5>) >> Tanh) >> LN >> Linear<2>);
  check(Input<5> >> Linear<6> >> LN >> ReLU >> Residual(BN >> Linear<6> >> BN) >> BN >> Linear<2>);
  check(Input<5> >> Concat(Residual(Linear<5>), Concat(ReLU, Linear<2>)) >> BN >> LN >> Linear<2>);
  check(Input<2, 8> >> Conv1d<4, 3>(padding<1>) >> Residual(Conv1d<4, 3>(padding<1>) >> GN<2> >> ReLU) >>
        InstanceNorm >> Flatten >> Linear<3>);
  check(Input<2, 8> >> Concat(Conv1d<2, 3>(padding<1>) >> BN, MaxPool<3>(stride<1>, padding<1>)) >> LN >> ReLU);
  check(Input<3> >> Residual(LN) >> Residual(Softmax) >> Residual(RMSNorm >> Linear<3>));
}

TEST_CASE("engine.single: a block in a constant expression, and without inputs of its own in the observer") {
  using Net = decltype(Input<3> >> Residual(Linear<3> >> LN >> ReLU) >> LN >> Linear<2>)::normal_form;
  constexpr auto p = [] {
    parameters<Net> made{};
    initialise(made, 3);
    return made;
  }();
  constexpr std::array x{0.5f, -1.0f, 2.0f};
  constexpr auto compiled = compile(p)(x);
  CHECK(same_bits(compile(p)(x), compiled));
  std::vector<std::size_t> layers;
  struct recorder {
    std::vector<std::size_t>& layers;
    void operator()(std::size_t layer, float) const { layers.push_back(layer); }
  };
  compile(p)(x, recorder{layers});
  CHECK(layers == std::vector<std::size_t>{1});  // the one outside
}
