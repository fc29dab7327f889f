// error: layer 0, Linear<32, 10>.*takes a vector of 32.*but Input<64> gives 64
// SPDX-License-Identifier: Apache-2.0
#include <taut/inference.hpp>
using namespace taut;

struct Net : decltype(Input<64> >> Linear<32, 10>) {};
