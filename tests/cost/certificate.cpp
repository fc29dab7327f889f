// SPDX-License-Identifier: Apache-2.0
// -DPART=1: the norm of a 64 x 64 matrix, 9.18763.., is found and proved; 2: a claim is proved; 0: neither.
#include <array>
#include <cstddef>
#include <cstdint>
#include <taut/certify/spectral_norm.hpp>

constexpr std::array<double, 64 * 64> w = [] {
  std::array<double, 64 * 64> made{};
  std::uint32_t state = 1;
  for (double& v : made) v = static_cast<double>((state = state * 1664525u + 1013904223u) >> 8) * 0x1p-23 - 1;
  return made;
}();
#if PART == 1
constexpr taut::norm_bound bound = taut::spectral_norm(w.data(), 64, 64);
static_assert(bound.method == "Cholesky" && bound.value < 9.188);
#elif PART == 2
static_assert(taut::spectral_norm_at_most(w.data(), 64, 64, 9.188));
#endif
std::size_t anything() { return w.size(); }
