// SPDX-License-Identifier: Apache-2.0
// All eigenvalues and eigenvectors of a dense symmetric matrix: A = sum_k values[k] v_k v_k'.
//
// Cyclic Jacobi rotations (Golub, Van Loan, Matrix Computations, 8.5): each makes one pair of entries zero, the sum of
// squares off the diagonal falls to nothing, quadratically in the end. 6 to 10 sweeps of about 6 n^3 operations: for
// hundreds of rows, not for thousands. Example: symmetric_eigen(a, 2).values.back() is the largest eigenvalue.
#pragma once
#include <algorithm>
#include <cstddef>
#include <numeric>
#include <span>
#include <stdexcept>
#include <taut/simd/portable.hpp>
#include <vector>

namespace taut {

/// Eigenvalues in ascending order and their vectors, which are orthonormal.
struct eigen_decomposition {
  std::vector<double> values;   ///< ascending
  std::vector<double> vectors;  ///< row k is the eigenvector of values[k]

  /// The unit eigenvector of values[k].
  [[nodiscard]] constexpr std::span<const double> vector(std::size_t k) const {
    return std::span(vectors).subspan(k * values.size(), values.size());
  }
};

namespace base {

/// Turns the vectors x and y, entries `step` apart, by the angle of cosine c and sine s.
constexpr void rotate(double* x, double* y, std::size_t count, std::size_t step, double c, double s) {
  for (std::size_t k = 0; k < count * step; k += step) {
    const double old = x[k];
    x[k] = c * old - s * y[k];
    y[k] = s * old + c * y[k];
  }
}

}  // namespace base

/// The eigenvalues and vectors of the symmetric matrix `matrix`, n x n and row-major; only its lower triangle is read.
/// Errors: a few n 2^-53 ||A||_F in the values. @throws std::invalid_argument if it has not n^2 entries or one of them
/// is not finite.
[[nodiscard]] constexpr eigen_decomposition symmetric_eigen(std::span<const double> matrix, std::size_t n) {
  if (matrix.size() != n * n) throw std::invalid_argument("a symmetric matrix of n rows has n * n entries");
  std::vector<double> a(n * n, 0.0), v(n * n, 0.0);  // clang evaluates vectors that are filled
  double largest = 0;
  for (std::size_t i = 0; i < n; ++i) {
    v[i * n + i] = 1;
    for (std::size_t j = 0; j <= i; ++j) {
      const double entry = matrix[i * n + j];
      if (!(entry - entry == 0)) throw std::invalid_argument("a symmetric matrix has an entry that is not finite");
      a[i * n + j] = a[j * n + i] = entry;
      largest = std::max(largest, simd::abs(entry));
    }
  }
  const auto negligible = [&](double off, double p, double q) {
    return simd::abs(off) <= 0x1p-60 * largest || off * off <= 0x1p-108 * simd::abs(p * q);
  };
  bool rotated = true;
  for (int sweep = 0; sweep < 60 && rotated; ++sweep) {
    rotated = false;
    for (std::size_t p = 0; p < n; ++p)
      for (std::size_t q = p + 1; q < n; ++q) {
        const double app = a[p * n + p], aqq = a[q * n + q], apq = a[p * n + q];
        if (negligible(apq, app, aqq)) continue;
        rotated = true;
        const double zeta = (aqq - app) / (2 * apq);  // of the angle, the cotangent of twice
        const double t = (zeta >= 0 ? 1 : -1) / (simd::abs(zeta) + simd::sqrt(1 + zeta * zeta));
        const double c = 1 / simd::sqrt(1 + t * t), s = c * t;
        base::rotate(&a[p * n], &a[q * n], n, 1, c, s);
        base::rotate(&a[p], &a[q], n, n, c, s);
        a[p * n + q] = a[q * n + p] = 0;
        base::rotate(&v[p * n], &v[q * n], n, 1, c, s);
      }
  }
  std::vector<std::size_t> order(n, 0);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) { return a[i * n + i] < a[j * n + j]; });
  eigen_decomposition result{std::vector<double>(n, 0.0), std::vector<double>(n * n, 0.0)};
  for (std::size_t k = 0; k < n; ++k) {
    result.values[k] = a[order[k] * n + order[k]];
    std::copy_n(&v[order[k] * n], n, &result.vectors[k * n]);
  }
  return result;
}

}  // namespace taut
