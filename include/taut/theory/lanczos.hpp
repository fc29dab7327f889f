// SPDX-License-Identifier: Apache-2.0
// The largest eigenvalue of a symmetric operator that is given by its products alone, and its vector (Lanczos 1950;
// Golub, Van Loan, Matrix Computations, 10.1): in the Krylov space of q_1, A q_1, A^2 q_1, ... the operator is a
// tridiagonal matrix T, whose largest eigenvalue climbs to that of A. Every q is orthogonalised against all others.
//
//   largest_eigenpair([&](std::span<const double> x, std::span<double> y) { ... y = A x ... }, n).value
//
// The value is never above the true one, but for rounding; |A v - value v| = residual, so that some eigenvalue lies
// within `residual` of it.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <stdexcept>
#include <taut/base/random.hpp>
#include <taut/theory/hessian.hpp>
#include <taut/theory/symmetric_eigen.hpp>
#include <vector>

namespace taut {

/// y = A x, for a symmetric A.
using symmetric_operator = std::function<void(std::span<const double> x, std::span<double> y)>;

/// An eigenvalue, its unit vector and how exactly they belong together.
struct eigenpair {
  double value = 0;
  std::vector<double> vector;
  double residual = 0;       ///< |A v - value v|, as the recursion estimates it
  std::size_t products = 0;  ///< how often A was applied
};

/// How far to go.
struct lanczos_options {
  std::size_t largest_space = 60;  ///< products at most
  double tolerance = 1e-8;         ///< of the residual, relative to the value
  std::span<const double> start{};  ///< a guess of the vector; random where none is given
  std::uint64_t seed = 1;
};

/// The algebraically largest eigenvalue of A on vectors of n elements, and its vector.
/// @throws std::invalid_argument if n is 0, std::runtime_error if a product is not finite.
[[nodiscard]] inline eigenpair largest_eigenpair(const symmetric_operator& a, std::size_t n,
                                                 const lanczos_options& options = {}) {
  if (n == 0) throw std::invalid_argument("an operator on vectors of no elements has no eigenvalue");
  std::vector<double> q(n), r(n);
  base::random_stream random(options.seed);
  // A guess that is exact would end the recursion in a space of its own: a little of everything is added to it.
  const double spread = options.start.size() == n ? 1e-3 * length(options.start) / std::sqrt(static_cast<double>(n)) : 1;
  for (std::size_t i = 0; i < n; ++i)
    q[i] = spread * random.normal() + (options.start.size() == n ? options.start[i] : 0);
  q = normalized(q);

  std::vector<std::vector<double>> basis{q};
  std::vector<double> diagonal, beside;
  const std::size_t most = std::min(n, std::max<std::size_t>(options.largest_space, 1));
  while (true) {
    const std::size_t k = basis.size();
    a(basis.back(), r);
    diagonal.push_back(dot(basis.back(), r));
    if (!std::isfinite(diagonal.back())) throw std::runtime_error("the product of an operator is not finite");
    for (int twice = 0; twice < 2; ++twice)
      for (const auto& b : basis) {
        const double part = dot(b, r);
        for (std::size_t i = 0; i < n; ++i) r[i] -= part * b[i];
      }
    const double next = length(r);

    std::vector<double> t(k * k);
    for (std::size_t i = 0; i < k; ++i) {
      t[i * k + i] = diagonal[i];
      if (i > 0) t[i * k + i - 1] = t[(i - 1) * k + i] = beside[i - 1];
    }
    const bool last = k == most, look = last || k % 5 == 0 || next <= 1e-13 * std::abs(diagonal.front());
    if (look) {
      const eigen_decomposition small = symmetric_eigen(t, k);
      const double value = small.values.back(), residual = next * std::abs(small.vector(k - 1).back());
      if (last || residual <= options.tolerance * std::abs(value)) {
        eigenpair found{value, std::vector<double>(n), residual, k};
        for (std::size_t j = 0; j < k; ++j)
          for (std::size_t i = 0; i < n; ++i) found.vector[i] += small.vector(k - 1)[j] * basis[j][i];
        found.vector = normalized(found.vector);
        return found;
      }
    }
    beside.push_back(next);
    basis.push_back(normalized(r));
  }
}

}  // namespace taut
