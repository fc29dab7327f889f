// error: Input<32>.*comes first, on the left of.*Linear<32>
// SPDX-License-Identifier: Apache-2.0
#include <taut/inference.hpp>
using namespace taut;

struct Net : decltype(Input<64> >> Linear<32> >> Input<32>) {};
