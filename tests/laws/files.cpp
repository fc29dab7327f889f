// SPDX-License-Identifier: Apache-2.0
// The law of files over the options that change which tensors there are, their shapes or what is claimed of them, and
// over blocks. Every layer's example is under it, too (tests/CMakeLists.txt).
#include "laws/file.hpp"

namespace {

using namespace taut;
using namespace taut::tests;

struct matrices : decltype(Input<7> >> Linear<9>(no_bias) >> ReLU >> Linear<4>(at_most<0.5>) >> Linear<1>) {};
struct signals : decltype(Input<4, 17> >> Conv1d<6, 2>(groups<2>, at_most<2.0>) >> Conv1d<4, 1>(no_bias) >>
                          LN(over_last, min_std<0.2>) >> GN<2>(gain_at_most<0.5>) >> Flatten >> Linear<2>) {};
struct images : decltype(Input<2, 5, 4> >> Conv2d<6, 3>(padding<1>, stride<2>) >> GN<3>(no_affine) >>
                         Conv2d<3, 2>(groups<3>, no_bias) >> LN(gain_at_most<1.5>)) {};
struct ranks : decltype(Input<2, 3, 4> >> Tanh >> LN(epsilon<0.01>) >> InstanceNorm(gain_at_most<2.0>) >>
                        RMSNorm(gain_at_most<1.5>) >> LN(no_affine, min_std<0.5>)) {};
struct statistics : decltype(Input<3, 5> >> BN(gain_at_most<2.0>, min_std<0.5>) >> ReLU >> BN(no_affine)) {};
struct normalized_weights
    : decltype(Input<2, 9> >> WeightNorm(Conv1d<4, 3>(padding<1>)) >> SpectralNorm<1.5>(Conv1d<4, 3>(groups<2>)) >>
               CenteredWeightNorm(Conv1d<3, 1>) >> Flatten >> WeightNorm(Linear<4>(no_bias, at_most<0.5>)) >>
               CenteredWeightNorm(Linear<5>(at_most<0.5>)) >> SpectralNorm<0.5>(Linear<3>(no_bias))) {};
struct normalized_kernels : decltype(Input<2, 4, 5> >> WeightNorm(Conv2d<3, 2>(no_bias)) >>
                                     SpectralNorm<2.0>(Conv2d<2, 2>) >> CenteredWeightNorm(Conv2d<4, 2>(groups<2>))) {};
struct blocks : decltype(Input<5> >> Linear<6>(at_most<2.0>) >> ReLU >>
                         Residual(Linear<4>(at_most<0.5>) >> Tanh >> Linear<6>(at_most<3.0>)) >>
                         Residual(Residual(Linear<6>) >> LN >> Linear<6>) >>
                         Concat(Concat(Tanh, Linear<2>), LN >> BN, ReLU) >> Linear<3>(at_most<1.0>)) {};

template <class Net> void check() {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) check_file(random_parameters<Net>(seed));
}

}  // namespace

TEST_CASE("laws.files: matrices, kernels and normalizers, with and without what they may leave out") {
  check<matrices>();
  check<signals>();
  check<images>();
  check<ranks>();
  check<statistics>();
}

TEST_CASE("laws.files: parametrized weights, and blocks of networks") {
  check<normalized_weights>();
  check<normalized_kernels>();
  check<blocks>();
}
