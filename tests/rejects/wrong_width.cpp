// error: layer 2, Linear<64, 10>.*takes a vector of 64.*but ReLU gives 32
// SPDX-License-Identifier: Apache-2.0
#include <taut/inference.hpp>
using namespace taut;

struct Net : decltype(Input<64> >> Linear<32> >> ReLU >> Linear<64, 10>) {};
