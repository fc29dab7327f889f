// error: LayerNorm.*has options that contradict.*gain_at_most<0.5>
// SPDX-License-Identifier: Apache-2.0
#include <taut/inference.hpp>
using namespace taut;

struct Net : decltype(Input<8> >> LN(no_affine, gain_at_most<0.5>)) {};
