// error: bound_is_open.*layer 0, Linear<3>.*declare no_bias
// SPDX-License-Identifier: Apache-2.0
#include <taut/inference.hpp>
using namespace taut;

struct Net : decltype(Input<4>(in_ball<2.0>) >> Linear<3>(at_most<2.0>) >> ReLU >> Linear<2>(at_most<2.0>)) {};
static_assert(parameter_lipschitz<Net> <= 8.0);
