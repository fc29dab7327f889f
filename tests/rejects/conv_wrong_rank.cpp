// error: layer 0, Conv2d<8, 3>.*takes C x H x W of at least 3x3.*but Input<64> gives 64
// SPDX-License-Identifier: Apache-2.0
#include <taut/inference.hpp>
using namespace taut;

struct Net : decltype(Input<64> >> Conv2d<8, 3>) {};
