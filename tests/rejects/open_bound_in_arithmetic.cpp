// error: bound_is_open.*layer 2, Linear<10>.*declare at_most<c>
// SPDX-License-Identifier: Apache-2.0
#include <taut/inference.hpp>
using namespace taut;

struct Net : decltype(Input<64> >> Linear<32>(at_most<2.0>) >> ReLU >> Linear<10>) {};
const double doubled = 2 * lipschitz<Net>;
