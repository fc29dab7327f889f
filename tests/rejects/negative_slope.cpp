// error: LeakyReLU.*needs a slope of at least 0, not.*-0\.1
// SPDX-License-Identifier: Apache-2.0
#include <taut/inference.hpp>
using namespace taut;

struct Net : decltype(Input<64> >> LeakyReLU<-0.1>) {};
