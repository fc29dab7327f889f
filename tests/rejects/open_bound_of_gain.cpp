// error: bound_is_open.*layer 1, LayerNorm.*declare gain_at_most<g>
// SPDX-License-Identifier: Apache-2.0
#include <taut/inference.hpp>
using namespace taut;

struct Net : decltype(Input<64> >> Linear<32>(at_most<2.0>) >> LN(min_std<0.25>) >> ReLU) {};
static_assert(lipschitz<Net> <= 8.0);
