// error: layer 0, Conv2d<8, 0>.*takes a window of at least 1.*but Input<1, 8, 8> gives 1x8x8
// SPDX-License-Identifier: Apache-2.0
#include <taut/inference.hpp>
using namespace taut;

struct Net : decltype(Input<1, 8, 8> >> Conv2d<8, 0>) {};
