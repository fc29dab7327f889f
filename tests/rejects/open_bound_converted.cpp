// error: layer 0, Linear<32>.*declare at_most<c>
// SPDX-License-Identifier: Apache-2.0
#include <taut/inference.hpp>
using namespace taut;

struct Net : decltype(Input<64> >> Linear<32> >> ReLU) {};
const double bound = lipschitz<Net>;
