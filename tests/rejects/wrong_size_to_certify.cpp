// error: the network takes 64 numbers.*but is given 63
// SPDX-License-Identifier: Apache-2.0
#include <taut/inference.hpp>
using namespace taut;

struct Net : decltype(Input<64> >> Linear<32>) {};
void run(const guarded<Net>& guard, const std::array<float, 63>& x) { (void)certify(guard, x); }
