// error: layer 2, Linear<10>.*takes a vector.*but ReLU gives 2x5
// SPDX-License-Identifier: Apache-2.0
#include <taut/inference.hpp>
using namespace taut;

struct Net : decltype(Input<2, 5> >> LN >> ReLU >> Linear<10>) {};
