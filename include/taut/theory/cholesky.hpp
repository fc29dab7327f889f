// SPDX-License-Identifier: Apache-2.0
// A = L L' for a symmetric positive semidefinite matrix, and linear systems with it; in double, at run time. A pivot
// that is not above `floor` counts as `floor`: with a floor above the rounding, dependent rows do no harm and get what
// is next to nothing. Rows whose pivot is 0 (floor 0, and nothing left of the row) get 0.
//
//   const cholesky factor(gram, n, 1e-12);    factor.solve(b);    // b <- A^-1 b, for all columns of b at once
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <utility>
#include <vector>

namespace taut {

/// The factor L of a symmetric matrix of n rows.
class cholesky {
 public:
  /// Factors `matrix`, row-major, of which only the lower triangle is read. @throws std::invalid_argument if n is 0
  /// or it has not n^2 entries.
  cholesky(std::vector<double> matrix, std::size_t n, double floor = 0) : rows(n), lower(std::move(matrix)) {
    if (n == 0 || lower.size() != n * n) throw std::invalid_argument("a symmetric matrix of n rows has n * n entries");
    for (std::size_t j = 0; j < n; ++j) {  // column by column, so that no sum waits for itself
      double* const row = &lower[j * n];
      row[j] = std::sqrt(std::max(row[j], floor));
      for (std::size_t i = j + 1; i < n; ++i) lower[i * n + j] = over(lower[i * n + j], row[j]);
      for (std::size_t i = j + 1; i < n; ++i) row[i] = lower[i * n + j];  // above the diagonal: column j once more
      for (std::size_t i = j + 1; i < n; ++i)
        for (std::size_t k = j + 1; k <= i; ++k) lower[i * n + k] -= row[i] * row[k];
    }
  }

  /// b <- L^-1 b for a row-major matrix b of n rows.
  void solve_lower(std::vector<double>& b) const {
    const std::size_t columns = b.size() / rows;
    for (std::size_t i = 0; i < rows; ++i) {
      for (std::size_t j = 0; j < i; ++j) subtract(b, columns, i, lower[i * rows + j], j);
      divide(b, columns, i);
    }
  }
  /// b <- L'^-1 b.
  void solve_upper(std::vector<double>& b) const {
    const std::size_t columns = b.size() / rows;
    for (std::size_t i = rows; i-- > 0;) {
      divide(b, columns, i);
      for (std::size_t j = 0; j < i; ++j) subtract(b, columns, j, lower[i * rows + j], i);
    }
  }
  /// b <- A^-1 b.
  void solve(std::vector<double>& b) const { solve_lower(b), solve_upper(b); }

 private:
  static double over(double x, double pivot) { return pivot == 0 ? 0 : x / pivot; }
  static void subtract(std::vector<double>& b, std::size_t columns, std::size_t to, double factor, std::size_t from) {
    for (std::size_t c = 0; c < columns; ++c) b[to * columns + c] -= factor * b[from * columns + c];
  }
  void divide(std::vector<double>& b, std::size_t columns, std::size_t i) const {
    for (std::size_t c = 0; c < columns; ++c) b[i * columns + c] = over(b[i * columns + c], lower[i * rows + i]);
  }

  std::size_t rows;
  std::vector<double> lower;
};

}  // namespace taut
