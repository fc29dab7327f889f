// SPDX-License-Identifier: Apache-2.0
// what a type reveals before anything is trained: pitfalls of a network in plain words, and weights without a scale
//
// Both networks compile and would train. The second is the first with the advice taken, and the compiler checks that.
#include <cstdio>
#include <taut/inference.hpp>

using namespace taut;

struct Flawed : decltype(Input<3, 32> >> Conv1d<8, 5> >> MaxPool<2> >> BN >> ReLU >> Dropout<0.2> >> Flatten >>
                         WeightNorm(Linear<16>) >> BN >> Residual(Linear<2> >> LN >> Linear<16>) >> Linear<16> >>
                         Linear<10> >> LN >> Softmax) {};

struct Good
    : decltype(Input<3, 32> >> Conv1d<8, 5>(no_bias) >> MaxPool<2> >> BN >> ReLU >> Flatten >> Linear<16>(no_bias) >>
               BN >> Residual(Linear<8> >> ReLU >> Linear<16>) >> Dropout<0.2> >> Linear<10> >> Softmax) {};

static_assert(!advice<Flawed>.empty());
static_assert(advice<Good>.empty());
static_assert(advice<Good, batch<32>>.empty() && advice<Good, batch<4>>.size() == 2);  // noisy statistics, twice

// Batch norm divides by the scale of what it is given, and takes the bias away; nothing undoes the scale of layer 9.
static_assert(scale_invariant<Flawed, 0> == invariance::alone && scale_invariant<Good, 0> == invariance::alone);
static_assert(scale_invariant<Good, 5> == invariance::alone && scale_invariant<Good, 9> == invariance::none);
static_assert(scale_invariant<Flawed, 10> == invariance::with_bias);  // before layer norm the bias counts

int main() {
  for (const finding& f : advice<Flawed, batch<4>>) std::printf("%s\n", f.sentence.characters);
  std::printf("RESULT flawed=%zu good=%zu\n", advice<Flawed, batch<4>>.size(), advice<Good, batch<32>>.size());
}
