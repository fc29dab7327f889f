// error: Linear<32>.*takes options, but was given.*something else
// SPDX-License-Identifier: Apache-2.0
#include <taut/inference.hpp>
using namespace taut;

struct Net : decltype(Input<64> >> Linear<32>(2.0)) {};
