// SPDX-License-Identifier: Apache-2.0
// The exact Lipschitz factor of a gain behind centring: ||diag(g) P||_2 with P = I - 11'/n, rounded up.
//
// diag(g) P diag(g) = D - gg'/n, D = diag(g_i^2), so the square is the largest root of the secular equation
//   f(x) = sum_i 1/(x - g_i^2) = 0,   which decreases from +infinity to -infinity between the two largest g_i^2:
// any x there with f(x) <= 0, evaluated upward, is an upper bound. It never exceeds max |g|.
// Example: n = 2 gives sqrt((g_1^2 + g_2^2) / 2).
#pragma once

#include <cstddef>
#include <taut/base/rounding.hpp>
#include <taut/certify/spectral_norm.hpp>

namespace taut {

namespace detail::norms {

// Whether sum_i 1/(x - g_i^2) <= 0 is proved for x between the two largest squares; square[i] >= g_i^2, most at `top`.
constexpr bool beyond_root(const double* square, std::size_t size, std::size_t top, double x) {
  double sum = 0;
  for (std::size_t i = 0; i < size; ++i) {
    if (i == top) continue;
    const double gap = rounded::sub_down(x, square[i]);
    if (!rounded::is_positive(gap)) return false;
    sum = rounded::add_up(sum, rounded::div_up(1, gap));
  }
  const double gap = rounded::sub_up(square[top], x);
  return rounded::is_positive(gap) && rounded::sub_up(sum, rounded::div_down(1, gap)) <= 0;
}

// the same sum in plain arithmetic, eight terms per expression; the term of `top` is negative
constexpr double secular(const double* square, std::size_t size, double x) {
  double sum = 0;
  const std::size_t whole = size - size % 8;
  std::size_t k = 0;
  for (const double* s = square; k < whole; k += 8, s += 8)
    sum += ((1 / (x - s[0]) + 1 / (x - s[1])) + (1 / (x - s[2]) + 1 / (x - s[3]))) +
           ((1 / (x - s[4]) + 1 / (x - s[5])) + (1 / (x - s[6]) + 1 / (x - s[7])));
  for (; k < size; ++k) sum += 1 / (x - square[k]);
  return sum;
}

}  // namespace detail::norms

/// An upper bound of ||diag(g) P||_2, never above max |g| and at most 1e-9 (relative) above the truth; 0 for n <= 1,
/// infinity if a gain is not finite.
constexpr double centred_gain_norm_up(const double* g, std::size_t size) {
  using namespace detail::norms;
  if (size == 0) return 0;
  const scaled_matrix a(g, 1, size, entries::magnitudes);
  if (!a.finite) return rounded::detail::unbounded();
  if (a.zero || size == 1) return 0;
  const buffer<double> square(size);
  std::size_t top = 0;
  for (std::size_t i = 0; i < size; ++i) {
    const double gain = rounded::add_up(a.values.entry(0, i), 0x1p-120);  // 2^-120: what scaling may have flushed
    square.at[i] = rounded::mul_up(gain, gain);
    if (square.at[i] > square.at[top]) top = i;
  }
  double low = 0;
  for (std::size_t i = 0; i < size; ++i)
    if (i != top && square.at[i] > low) low = square.at[i];
  const double largest = largest_entry(g, size);
  double high = square.at[top];
  for (int step = 0; step < 44 && high - low > 1e-13 * high; ++step) {
    const double middle = 0.5 * (low + high);
    (secular(square.at, size, middle) > 0 ? low : high) = middle;
  }
  for (double margin = 1e-13; margin < 1e-9; margin *= 4) {
    const double x = high * (1 + margin);
    if (!(x < square.at[top])) break;
    if (!beyond_root(square.at, size, top, x)) continue;
    const double bound = a.restored(rounded::sqrt_up(x));
    return rounded::is_at_most(bound, largest) ? bound : largest;
  }
  return largest;
}

}  // namespace taut
