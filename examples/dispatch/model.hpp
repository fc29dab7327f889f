// SPDX-License-Identifier: Apache-2.0
// What the dispatched file offers: signatures of plain types, the same for every level.
#pragma once
#include <array>
#include <cstddef>
#include <span>

/// The ten outputs of a 64-32-10 network with layer norm, computed by the code for this processor.
std::array<float, 10> classify(std::span<const float> x);

/// Floats in a register of the level that was chosen: 16 with AVX-512, 8 with AVX2, 4 for any x86-64.
std::size_t floats_in_a_register();
