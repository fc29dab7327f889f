// error: layer 1, InstanceNorm.*takes channels x positions.*but Linear<3> gives 3
// SPDX-License-Identifier: Apache-2.0
#include <taut/inference.hpp>
using namespace taut;

struct Net : decltype(Input<4> >> Linear<3> >> InstanceNorm) {};
