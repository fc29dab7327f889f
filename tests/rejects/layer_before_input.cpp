// error: Input<64>.*comes first, on the left of.*every layer
// SPDX-License-Identifier: Apache-2.0
#include <taut/inference.hpp>
using namespace taut;

struct Net : decltype(Linear<32> >> Input<64>) {};
