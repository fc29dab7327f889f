// error: layer 1, BatchNorm.*has no bound that margin_loss trains
// SPDX-License-Identifier: Apache-2.0
#include <taut/taut.hpp>
using namespace taut;

struct Net : decltype(Input<4> >> Linear<3> >> BN >> Linear<2>) {};
void train(parameters<Net>& p, const dataset& data) { fit(p, data, batch<8>{}, {}, sgd{}, margin_loss{}); }
