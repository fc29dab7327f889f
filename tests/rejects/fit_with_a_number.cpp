// error: the size of a batch.*is a type: batch<32>
// SPDX-License-Identifier: Apache-2.0
#include <taut/taut.hpp>
using namespace taut;

struct Net : decltype(Input<4> >> Linear<2>) {};
void train(parameters<Net>& p, const dataset& data) { fit(p, data, 32, {.epochs = 10}); }
