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
#include <taut/theory/symmetric_eigen.hpp>
#include <taut/theory/vectors.hpp>
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
  std::size_t largest_space = 60;   ///< products at most
  double tolerance = 1e-8;          ///< of the residual, relative to the value
  std::span<const double> start{};  ///< a guess of the vector; random where it is empty
  std::uint64_t seed = 1;
};

namespace base {

/// The eigenvalues of the symmetric tridiagonal matrix with these entries on and beside the diagonal.
[[nodiscard]] inline eigen_decomposition of_tridiagonal(std::span<const double> diagonal,
                                                        std::span<const double> beside) {
  const std::size_t k = diagonal.size();
  std::vector<double> t(k * k);
  for (std::size_t i = 0; i < k; ++i) {
    t[i * k + i] = diagonal[i];
    if (i > 0) t[i * k + i - 1] = t[(i - 1) * k + i] = beside[i - 1];
  }
  return symmetric_eigen(t, k);
}

}  // namespace base

/// The algebraically largest eigenvalue of A on vectors of n elements, and its vector.
/// @throws std::invalid_argument if n is 0 or a guess has another size, std::runtime_error if a product is not finite.
[[nodiscard]] inline eigenpair largest_eigenpair(const symmetric_operator& a, std::size_t n,
                                                 const lanczos_options& options = {}) {
  if (n == 0) throw std::invalid_argument("an operator on vectors of no elements has no eigenvalue");
  if (!options.start.empty() && options.start.size() != n)
    throw std::invalid_argument("a guess of an eigenvector has not the operator's size");
  std::vector<double> q(n), r(n);
  base::random_stream random(options.seed);
  for (double& value : q) value = random.normal();
  if (!options.start.empty()) {  // some of every direction is kept: a guess may lack the vector
    const double some = 1e-3 * base::length(options.start) / base::length(q);
    for (std::size_t i = 0; i < n; ++i) q[i] = options.start[i] + some * q[i];
  }

  std::vector<std::vector<double>> basis{base::normalized(q)};
  std::vector<double> diagonal, beside;
  const std::size_t most = std::min(n, std::max<std::size_t>(options.largest_space, 1));
  while (true) {
    const std::size_t k = basis.size();
    a(basis.back(), r);
    diagonal.push_back(base::dot(basis.back(), r));
    if (!std::isfinite(diagonal.back())) throw std::runtime_error("the product of an operator is not finite");
    for (int twice = 0; twice < 2; ++twice)
      for (const auto& b : basis) base::add(r, -base::dot(b, r), b);
    beside.push_back(base::length(r));

    if (k == most || k % 5 == 0 || beside.back() <= 1e-13 * std::abs(diagonal.front())) {
      const eigen_decomposition small = base::of_tridiagonal(diagonal, beside);
      const std::span<const double> top = small.vector(k - 1);
      eigenpair found{small.values.back(), std::vector<double>(n), beside.back() * std::abs(top.back()), k};
      if (k == most || found.residual <= options.tolerance * std::abs(found.value)) {
        for (std::size_t j = 0; j < k; ++j) base::add(found.vector, top[j], basis[j]);
        found.vector = base::normalized(found.vector);
        return found;
      }
    }
    basis.push_back(base::normalized(r));
  }
}

}  // namespace taut
