// error: layer 0, Dropout<1>.*takes a probability 0 <= p < 1.*but Input<64> gives 64
// SPDX-License-Identifier: Apache-2.0
#include <taut/inference.hpp>
#include <taut/layers/dropout.hpp>
using namespace taut;

struct Net : decltype(Input<64> >> Dropout<1.0>) {};
