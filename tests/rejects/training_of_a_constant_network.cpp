// error: (discards qualifiers|drops .const. qualifier)
// SPDX-License-Identifier: Apache-2.0
#include <taut/taut.hpp>
using namespace taut;

struct Net : decltype(Input<4> >> Linear<3> >> BN) {};
void train(tape<Net, batch<8>>& run, const parameters<Net>& p) { run.forward(p); }
