// error: Input<64>.*needs a positive number, not.*in_ball<-8>
// SPDX-License-Identifier: Apache-2.0
#include <taut/inference.hpp>
using namespace taut;

struct Net : decltype(Input<64>(in_ball<-8.0>) >> Linear<32>) {};
