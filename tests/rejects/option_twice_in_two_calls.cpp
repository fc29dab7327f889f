// error: LayerNorm.*was given twice the option.*min_std<0.5>
// SPDX-License-Identifier: Apache-2.0
#include <taut/inference.hpp>
using namespace taut;

struct Net : decltype(Input<64> >> LN(min_std<0.25>)(min_std<0.5>)) {};
