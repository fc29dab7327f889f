// error: layer 0, Conv2d<8, 3>.*takes 4n x H x W of at least 3x3.*but Input<6, 8, 8> gives 6x8x8
// SPDX-License-Identifier: Apache-2.0
#include <taut/inference.hpp>
using namespace taut;

struct Net : decltype(Input<6, 8, 8> >> Conv2d<8, 3>(groups<4>)) {};
