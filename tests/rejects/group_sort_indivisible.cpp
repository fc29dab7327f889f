// error: layer 0, GroupSort<4>.*takes channels divisible by 4.*but Input<6> gives 6
// SPDX-License-Identifier: Apache-2.0
#include <taut/inference.hpp>
#include <taut/layers/group_sort.hpp>
using namespace taut;

struct Net : decltype(Input<6> >> GroupSort<4>) {};
