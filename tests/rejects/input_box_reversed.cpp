// error: Input<64>.*needs lower < upper, not.*in_box<1, 0>
// SPDX-License-Identifier: Apache-2.0
#include <taut/inference.hpp>
using namespace taut;

struct Net : decltype(Input<64>(in_box<1.0, 0.0>) >> Linear<32>) {};
