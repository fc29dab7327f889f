// SPDX-License-Identifier: Apache-2.0
// Compiled with -O3 -march=native -ffast-math; the references are whole numbers and long double, which survive it.
#include "matrices.cpp"  // NOLINT(bugprone-suspicious-include)
