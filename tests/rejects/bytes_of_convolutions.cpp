// error: a network in bytes is made of affine layers \(not convolutions\), normalizers over all of their outputs
// SPDX-License-Identifier: Apache-2.0
#include <taut/engine/quantized.hpp>
#include <taut/layers/conv1d.hpp>
#include <taut/layers/relu.hpp>

using namespace taut;

struct Net : decltype(Input<2, 8> >> Conv1d<4, 3> >> ReLU) {};
quantized<Net> q;
