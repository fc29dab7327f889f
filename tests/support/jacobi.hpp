// SPDX-License-Identifier: Apache-2.0
// The largest singular value by one-sided Jacobi rotations in long double, off by 1e-17 or so: no code or idea shared
// with the library, and nothing that a flag for double changes.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

namespace taut::tests {

/// What is left to doubt: a bound below truth * certain is below the truth.
inline constexpr long double certain = 1 - 1e-16L;

/// ||W||_2 of a row-major matrix.
[[gnu::noinline]] inline long double jacobi_norm(const std::vector<long double>& w, std::size_t rows,
                                                 std::size_t columns) {
  const bool across = columns > rows;
  const std::size_t n = across ? rows : columns, m = across ? columns : rows;
  std::vector<std::vector<long double>> a(n, std::vector<long double>(m));  // the n vectors to make orthogonal
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t j = 0; j < columns; ++j) (across ? a[i][j] : a[j][i]) = w[i * columns + j];
  const auto product = [m](const std::vector<long double>& x, const std::vector<long double>& y) {
    long double sum = 0;
    for (std::size_t k = 0; k < m; ++k) sum += x[k] * y[k];
    return sum;
  };
  bool rotated = true;
  for (int sweep = 0; sweep < 60 && rotated; ++sweep) {
    rotated = false;
    for (std::size_t p = 0; p < n; ++p)
      for (std::size_t q = p + 1; q < n; ++q) {
        const long double pp = product(a[p], a[p]), qq = product(a[q], a[q]), pq = product(a[p], a[q]);
        if (pq == 0 || std::fabs(pq) <= 1e-18L * std::sqrt(pp) * std::sqrt(qq)) continue;
        rotated = true;
        const long double zeta = (qq - pp) / (2 * pq);
        const long double t = (zeta >= 0 ? 1 : -1) / (std::fabs(zeta) + std::sqrt(1 + zeta * zeta));
        const long double c = 1 / std::sqrt(1 + t * t), s = c * t;
        for (std::size_t k = 0; k < m; ++k) {
          const long double old = a[p][k];
          a[p][k] = c * old - s * a[q][k];
          a[q][k] = s * old + c * a[q][k];
        }
      }
  }
  long double top = 0;
  for (const auto& v : a) top = std::max(top, product(v, v));
  return std::sqrt(top);
}

/// The same of a matrix of doubles.
inline long double jacobi_norm(const std::vector<double>& w, std::size_t rows, std::size_t columns) {
  return jacobi_norm(std::vector<long double>(w.begin(), w.end()), rows, columns);
}

}  // namespace taut::tests
