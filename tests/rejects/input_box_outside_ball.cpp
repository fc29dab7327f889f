// error: Input<64>.*has options that contradict.*in_box<2, 3>
// SPDX-License-Identifier: Apache-2.0
#include <taut/inference.hpp>
using namespace taut;

struct Net : decltype(Input<64>(in_ball<8.0>, in_box<2.0, 3.0>) >> Linear<32>) {};
