// error: a guard in bytes needs 2 to 64 outputs, and nonlinearities like ReLU
// SPDX-License-Identifier: Apache-2.0
#include <taut/embed/pocket_bytes.hpp>
#include <taut/layers/linear.hpp>
#include <taut/layers/tanh.hpp>

using namespace taut;

struct Net : decltype(Input<4> >> Linear<4> >> Tanh >> Linear<2>) {};
pocket_byte_guard<Net> guard;
