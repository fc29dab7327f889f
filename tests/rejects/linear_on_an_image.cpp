// error: layer 0, Linear<10>.*takes a vector.*but Input<3, 8, 8> gives 3x8x8
// SPDX-License-Identifier: Apache-2.0
#include <taut/inference.hpp>
using namespace taut;

struct Net : decltype(Input<3, 8, 8> >> Linear<10>) {};
