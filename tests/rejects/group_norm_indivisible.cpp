// error: layer 0, GroupNorm<4>.*takes channels in 4 equal groups.*but Input<6, 5> gives 6x5
// SPDX-License-Identifier: Apache-2.0
#include <taut/inference.hpp>
using namespace taut;

struct Net : decltype(Input<6, 5> >> GN<4>) {};
