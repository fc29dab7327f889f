// SPDX-License-Identifier: Apache-2.0
// Compiled with -O3 -march=native -ffast-math, which sums in another order: the same checks must pass.
#include "implied_floor.cpp"  // NOLINT(bugprone-suspicious-include)
