/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STRANGER_NETWORK_H
#define STRANGER_NETWORK_H

#include <array>

using Sample = std::array<float, 3>;

/* In Device.cpp, with <taut/inference.hpp> only: what the device computes for a sample. */
float deviceOutput(const Sample &sample);

/* In Dispatched.cpp: the floats that a register of the chosen level holds. */
int registerWidth();

/* In Exported.cpp: whether the networks that taut_export wrote give what they gave when they were written. */
bool exportedAgree();

#endif
