// error: Input<64>.*does not take the option.*at_most<2>
// SPDX-License-Identifier: Apache-2.0
#include <taut/inference.hpp>
using namespace taut;

struct Net : decltype(Input<64>(at_most<2.0>) >> Linear<32>) {};
