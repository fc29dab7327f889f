// error: layer 0, Residual.*takes what its layers take and keep.*but Input<4> gives 4
// SPDX-License-Identifier: Apache-2.0
#include <taut/inference.hpp>
using namespace taut;

struct Net : decltype(Input<4> >> Residual(Linear<5>)) {};
