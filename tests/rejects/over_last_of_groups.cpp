// error: GroupNorm<2>.*does not take the option.*over_last
// SPDX-License-Identifier: Apache-2.0
#include <taut/inference.hpp>
using namespace taut;

struct Net : decltype(Input<4> >> GN<2>(over_last)) {};
