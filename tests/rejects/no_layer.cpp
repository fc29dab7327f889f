// error: layer 1.*must derive from.*taut::layer_base
// SPDX-License-Identifier: Apache-2.0
#include <taut/inference.hpp>
using namespace taut;

struct activation {};

struct Net : decltype(Input<64> >> Linear<32> >> activation{}) {};
