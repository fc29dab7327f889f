// error: bound_is_open.*the input, Input<4>.*declare in_ball<R>
// SPDX-License-Identifier: Apache-2.0
#include <taut/inference.hpp>
using namespace taut;

struct Net : decltype(Input<4> >> Linear<3>(no_bias, at_most<2.0>)) {};
static_assert(parameter_lipschitz<Net> <= 8.0);
