// error: Residual.*takes layers without an input
// SPDX-License-Identifier: Apache-2.0
#include <taut/inference.hpp>
using namespace taut;

struct Net : decltype(Input<4> >> Residual(Input<4>)) {};
