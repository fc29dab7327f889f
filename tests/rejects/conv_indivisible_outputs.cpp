// error: Conv2d<6, 3>.*has options that contradict.*groups<4>
// SPDX-License-Identifier: Apache-2.0
#include <taut/inference.hpp>
using namespace taut;

struct Net : decltype(Input<8, 8, 8> >> Conv2d<6, 3>(groups<4>)) {};
