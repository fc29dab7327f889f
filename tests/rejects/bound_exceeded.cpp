// error: static assertion failed
// SPDX-License-Identifier: Apache-2.0
#include <taut/inference.hpp>
using namespace taut;

struct Net : decltype(Input<64> >> Linear<32>(at_most<2.0>) >> ReLU >> Linear<10>(at_most<3.0>)) {};
static_assert(lipschitz<Net> <= 5.0);
