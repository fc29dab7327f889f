// error: layer 1.1.0, BatchNorm.*trains on 2 samples or more.*but is given batch<1>
// SPDX-License-Identifier: Apache-2.0
#include <taut/taut.hpp>
using namespace taut;

struct Net : decltype(Input<4> >> ReLU >> Concat(Linear<2>, BN >> ReLU) >> Linear<2>) {};
void train(tape<Net, batch<1>>& run, parameters<Net>& p) { run.forward(p); }
