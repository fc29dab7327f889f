// SPDX-License-Identifier: Apache-2.0
// Compiled with -O3 -march=native -ffast-math: the closed form must stay below the chord it solves.
#include "local.cpp"  // NOLINT(bugprone-suspicious-include)
