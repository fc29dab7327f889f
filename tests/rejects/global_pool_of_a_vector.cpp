// error: layer 0, GlobalAvgPool.*takes C x L or C x H x W.*but Input<64> gives 64
// SPDX-License-Identifier: Apache-2.0
#include <taut/inference.hpp>
#include <taut/layers/global_avg_pool.hpp>
using namespace taut;

struct Net : decltype(Input<64> >> GlobalAvgPool) {};
