// error: layer 0, Conv1d<0, 3>.*takes 1 output channel or more.*but Input<2, 8> gives 2x8
// SPDX-License-Identifier: Apache-2.0
#include <taut/inference.hpp>
using namespace taut;

struct Net : decltype(Input<2, 8> >> Conv1d<0, 3>) {};
