// error: layer 0, AvgPool<2, 3>.*takes C x H x W, at least 2 x 3.*but Input<3, 8> gives 3x8
// SPDX-License-Identifier: Apache-2.0
#include <taut/inference.hpp>
#include <taut/layers/avg_pool.hpp>
using namespace taut;

struct Net : decltype(Input<3, 8> >> AvgPool<2, 3>) {};
