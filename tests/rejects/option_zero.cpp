// error: LayerNorm.*needs a positive number, not.*min_std<0>
// SPDX-License-Identifier: Apache-2.0
#include <taut/inference.hpp>
using namespace taut;

struct Net : decltype(Input<64> >> LN(min_std<0.0>)) {};
