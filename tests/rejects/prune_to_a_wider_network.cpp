// error: layer 0, Linear<9>.*cannot be pruned from.*Linear<8>
// SPDX-License-Identifier: Apache-2.0
#include <taut/inference.hpp>
#include <taut/theory/prune.hpp>
using namespace taut;

struct Net : decltype(Input<4> >> Linear<8> >> BN >> ReLU >> Linear<2>) {};
struct Wider : decltype(Input<4> >> Linear<9> >> BN >> ReLU >> Linear<2>) {};
void smaller(const parameters<Net>& p) { static_cast<void>(prune<Wider>(p)); }
