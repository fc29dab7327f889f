// SPDX-License-Identifier: Apache-2.0
// Compiled with -O3 -march=native -ffast-math, which breaks residual-based rounding: the same checks must pass.
#include "rounding.cpp"  // NOLINT(bugprone-suspicious-include)
