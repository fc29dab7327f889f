// error: Linear<32>.*needs a positive number, not.*at_most<-1>
// SPDX-License-Identifier: Apache-2.0
#include <taut/inference.hpp>
using namespace taut;

struct Net : decltype(Input<64> >> Linear<32>(at_most<-1.0>)) {};
