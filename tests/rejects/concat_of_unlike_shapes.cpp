// error: layer 0, Concat.*takes what its blocks take, joined.*but Input<2, 8> gives 2x8
// SPDX-License-Identifier: Apache-2.0
#include <taut/inference.hpp>
using namespace taut;

struct Net : decltype(Input<2, 8> >> Concat(ReLU, Conv1d<4, 3>)) {};
