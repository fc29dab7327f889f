// error: Linear<32>.*does not take the option.*min_std<0.25>
// SPDX-License-Identifier: Apache-2.0
#include <taut/inference.hpp>
using namespace taut;

struct Net : decltype(Input<64> >> Linear<32>(min_std<0.25>)) {};
