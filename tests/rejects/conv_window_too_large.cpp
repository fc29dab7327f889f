// error: layer 1, Conv1d<8, 9>.*takes C x L with L at least 7.*but Conv1d<4, 3> gives 4x6
// SPDX-License-Identifier: Apache-2.0
#include <taut/inference.hpp>
using namespace taut;

struct Net : decltype(Input<2, 8> >> Conv1d<4, 3> >> Conv1d<8, 9>(padding<1>)) {};
