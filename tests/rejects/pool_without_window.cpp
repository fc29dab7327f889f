// error: layer 0, AvgPool<0>.*takes a window of at least 1.*but Input<3, 8, 8> gives 3x8x8
// SPDX-License-Identifier: Apache-2.0
#include <taut/inference.hpp>
#include <taut/layers/avg_pool.hpp>
using namespace taut;

struct Net : decltype(Input<3, 8, 8> >> AvgPool<0>) {};
