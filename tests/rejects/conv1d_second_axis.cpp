// error: Conv1d<6, 3>.*has options that contradict.*stride<2, 1>
// SPDX-License-Identifier: Apache-2.0
#include <taut/inference.hpp>
using namespace taut;

struct Net : decltype(Input<8, 8> >> Conv1d<6, 3>(stride<2, 1>)) {};
