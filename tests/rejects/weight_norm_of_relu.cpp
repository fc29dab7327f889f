// error: WeightNorm.*takes a plain affine layer
// SPDX-License-Identifier: Apache-2.0
#include <taut/inference.hpp>
using namespace taut;

struct Net : decltype(Input<4> >> WeightNorm(ReLU)) {};
