// error: plain C is written of affine layers \(not convolutions\)
// SPDX-License-Identifier: Apache-2.0
#include <taut/embed/c_source.hpp>
#include <taut/layers/linear.hpp>
#include <taut/layers/tanh.hpp>

using namespace taut;

struct Net : decltype(Input<4> >> Linear<3> >> Tanh) {};
std::string write(const parameters<Net>& p) { return c_source(p, {.name = "net"}); }
