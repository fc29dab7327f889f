// error: layer 0, MaxPool<9>.*takes C x L or C x H x W, min 9.*but Input<3, 8, 8> gives 3x8x8
// SPDX-License-Identifier: Apache-2.0
#include <taut/inference.hpp>
#include <taut/layers/max_pool.hpp>
using namespace taut;

struct Net : decltype(Input<3, 8, 8> >> MaxPool<9>) {};
