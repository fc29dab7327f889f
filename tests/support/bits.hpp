// SPDX-License-Identifier: Apache-2.0
// Comparison of floats by their bits.
#pragma once
#include <algorithm>
#include <bit>
#include <cstdint>
#include <span>

namespace taut::tests {

/// Floats compared by their bits, so that NaN equals NaN and 0 differs from -0.
inline bool same_bits(std::span<const float> a, std::span<const float> b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](float x, float y) {
    return std::bit_cast<std::uint32_t>(x) == std::bit_cast<std::uint32_t>(y);
  });
}

}  // namespace taut::tests
