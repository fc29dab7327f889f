// error: layer 0.*must state.*name
// SPDX-License-Identifier: Apache-2.0
#include <taut/inference.hpp>
using namespace taut;

struct anonymous : layer_base {};

struct Net : decltype(Input<64> >> anonymous{}) {};
