// error: SpectralNorm<2>.*takes a layer without at_most<c>
// SPDX-License-Identifier: Apache-2.0
#include <taut/inference.hpp>
using namespace taut;

struct Net : decltype(Input<4> >> SpectralNorm<2.0>(Linear<3>(at_most<1.0>))) {};
