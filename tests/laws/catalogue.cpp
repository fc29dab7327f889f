// SPDX-License-Identifier: Apache-2.0
// Compositions over the whole catalogue: what the engine folds and fuses (batch norm, normalizers, parametrized
// weights, pooling in every place) against evaluate, in every lane.
#include "laws/laws.hpp"

namespace {

using namespace taut;
using namespace taut::tests;

struct batch_norm_everywhere : decltype(Input<13> >> BN >> Linear<17> >> BN >> ReLU >> BN >> Linear<9>(no_bias) >> BN) {
};
struct batch_norm_twice
    : decltype(Input<8> >> BN >> BN(no_affine) >> ReLU >> BN >> BN >> Linear<5> >> BN >> BN >> Tanh >> BN) {};
struct scaled_behind_normalizer
    : decltype(Input<16> >> Linear<33> >> LN >> BN >> Linear<7> >> BN >> RMSNorm >> BN >> Linear<4> >> BN >> LN) {};
struct owed_through_pointwise : decltype(Input<9> >> Linear<31> >> BN >> LN(no_affine) >> ReLU >> Dropout<0.5> >>
                                         Linear<18> >> BN >> RMSNorm >> Dropout<0.25> >> Linear<5> >> Softmax) {};
struct owed_gains : decltype(Input<15> >> BN >> Linear<16> >> BN >> RMSNorm >> LeakyReLU<0.2> >> Linear<15>(no_bias) >>
                             LN >> Linear<17> >> RMSNorm >> ReLU >> BN >> Linear<1>) {};
struct groups_of_rows : decltype(Input<15> >> Linear<24> >> GN<3> >> ReLU >> Linear<20> >> BN >> GN<5> >> BN >>
                                 Linear<6> >> LN >> Linear<34> >> GN<2>(no_affine) >> Linear<3>) {};
struct normalizers_first : decltype(Input<12> >> GN<4> >> Linear<7> >> RMSNorm >> LN >> GN<7> >> Linear<3>) {};
struct mixing_first : decltype(Input<10> >> GroupSort<2> >> Linear<18> >> LN >> GroupSort<3> >> Linear<3> >> Softmax >>
                               Linear<4> >> LogSoftmax) {};
struct image : decltype(Input<2, 5, 5> >> BN >> Conv2d<3, 3>(padding<1>) >> BN >> ReLU >> MaxPool<2> >> Flatten >> BN >>
                        Linear<5>) {};
struct grouped_image : decltype(Input<4, 6, 5> >> Conv2d<6, 3>(stride<2>, groups<2>) >> BN >> GN<3> >> SiLU >>
                                Conv2d<4, 1> >> InstanceNorm >> BN >> GlobalAvgPool >> LN >> Linear<3>) {};
struct tokens : decltype(Input<3, 17> >> Conv1d<5, 4>(stride<3>) >> LN(over_last) >> BN >> ReLU >> Conv1d<2, 2> >>
                         RMSNorm >> Flatten >> Linear<4> >> Softmax) {};
struct instances : decltype(Input<3, 7> >> InstanceNorm >> Conv1d<4, 3>(padding<1>) >> LN >> AvgPool<2> >>
                            GroupSort<2> >> LN(over_last) >> Flatten) {};
struct depthwise : decltype(Input<6, 4, 4> >> Conv2d<6, 3>(padding<1>, groups<6>) >> BN >> ReLU >>
                            Conv2d<9, 1>(no_bias) >> RMSNorm >> MaxPool<2> >> Softmax) {};
struct rows_of_images : decltype(Input<2, 4, 5> >> LN(over_last) >> Conv2d<2, 3> >> LN(over_last) >> Dropout<0.1> >>
                                 Flatten >> LN >> Linear<2>) {};
struct pools_first : decltype(Input<2, 19> >> MaxPool<2> >> BN >> AvgPool<2> >> BN >> BN >> Conv1d<3, 2> >>
                              GlobalAvgPool >> BN >> Linear<17> >> GELU) {};
struct normalized_weights
    : decltype(Input<11> >> WeightNorm(Linear<14>) >> LN >> ReLU >> SpectralNorm<2.0>(Linear<9>) >> BN >> RMSNorm >>
               CenteredWeightNorm(Linear<6>) >> GN<2> >> BN >> WeightNorm(Linear<4>(no_bias)) >> Sigmoid) {};
struct normalized_kernels : decltype(Input<3, 10> >> BN >> WeightNorm(Conv1d<6, 3>(padding<1>)) >> BN >> GN<2> >>
                                     SpectralNorm<1.5>(Conv1d<4, 3>(stride<2>)) >> InstanceNorm >> ReLU >>
                                     CenteredWeightNorm(Conv1d<3, 1>)) {};
struct deep
    : decltype(Input<7> >> BN >> Linear<8> >> LN >> ReLU >> Linear<8> >> LN >> ReLU >> BN >> Tanh >> Linear<8> >>
               GN<2> >> GroupSort<4> >> Linear<9> >> Softplus >> LN >> Softmax >> RMSNorm >> ELU >> Linear<2>) {};

template <class Net> void check() {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    auto p = random_parameters<Net>(seed * 31);
    check_kernels(p, seed, 3);
    base::for_each_index<Net::depth>([&]<std::size_t I>() {  // without offsets the scale may stay owed
      if constexpr (requires { get<I>(p).offset; }) get<I>(p).offset.fill(0);
    });
    check_kernels(p, seed, 2);
  }
}

}  // namespace

TEST_CASE("laws.catalogue: batch norm and normalizers fold into dense layers as evaluate has it") {
  check<batch_norm_everywhere>();
  check<batch_norm_twice>();
  check<scaled_behind_normalizer>();
  check<owed_through_pointwise>();
  check<owed_gains>();
  check<groups_of_rows>();
  check<normalizers_first>();
  check<mixing_first>();
}

TEST_CASE("laws.catalogue: convolutions, pooling and normalizers of images and signals") {
  check<image>();
  check<grouped_image>();
  check<tokens>();
  check<instances>();
  check<depthwise>();
  check<rows_of_images>();
  check<pools_first>();
}

TEST_CASE("laws.catalogue: parametrized weights, and more stages than are inlined") {
  check<normalized_weights>();
  check<normalized_kernels>();
  check<deep>();
}
