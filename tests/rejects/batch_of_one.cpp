// error: layer 2, BatchNorm.*trains on 2 samples or more.*but is given batch<1>
// SPDX-License-Identifier: Apache-2.0
#include <taut/taut.hpp>
using namespace taut;

struct Net : decltype(Input<4> >> Linear<3> >> ReLU >> BN >> Linear<2>) {};
void train(parameters<Net>& p, const dataset& data) { fit(p, data, batch<1>{}, {}); }
