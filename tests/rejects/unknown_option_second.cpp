// error: LayerNorm.*does not take the option.*no_bias
// SPDX-License-Identifier: Apache-2.0
#include <taut/inference.hpp>
using namespace taut;

struct Net : decltype(Input<64> >> LN(min_std<0.25>, no_bias, no_affine)) {};
