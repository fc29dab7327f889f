/* SPDX-License-Identifier: Apache-2.0 */
#include "ForeignMacros.h"

#include <taut/inference.hpp>

#include "Network.h"

namespace {

using namespace taut;

struct Filter : decltype(Input<3> >> Linear<4> >> LN(epsilon<1e-6>) >> ReLU >> Linear<1>) {};

constexpr auto filterParameters = [] {
    parameters<Filter> p{};
    for (int row = 0; row < 4; ++row)
        for (int column = 0; column < 3; ++column)
            get<0>(p).weight[static_cast<std::size_t>(3 * row + column)] = static_cast<float>(row * column + 1);
    for (float &gain : get<1>(p).gain) gain = 1;
    for (float &weight : get<3>(p).weight) weight = 1;
    return p;
}();
constexpr auto filter = compile(filterParameters);
static_assert(filter(Sample{1, 0, 2})[0] > 1, "the compiler runs the network");

}  // namespace

float deviceOutput(const Sample &sample) { return filter(sample)[0]; }
