// error: bound_is_open.*layer 0, Linear<32>.*declare at_most<c>
// SPDX-License-Identifier: Apache-2.0
#include <taut/inference.hpp>
using namespace taut;

struct Net : decltype(Input<64> >> Linear<32> >> ReLU) {};
static_assert(lipschitz<Net> != 1.0);
