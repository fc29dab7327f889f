// error: Linear<32>.*was given twice the option.*at_most<3>
// SPDX-License-Identifier: Apache-2.0
#include <taut/inference.hpp>
using namespace taut;

struct Net : decltype(Input<64> >> Linear<32>(at_most<2.0>, at_most<3.0>)) {};
