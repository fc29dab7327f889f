// SPDX-License-Identifier: Apache-2.0
// Gram iteration: the norm of a symmetric matrix from those of its repeated squares, each level in plain double with one
// correction for all its rounding.
//
//   ||H|| = sqrt(||HH||) <= sqrt(||fl(HH)|| + gamma ||H||_F^2),  and in the end  ||G|| <= min(||G||_F, ||G||_inf, WS(G))
//
// with the bound of Wolkowicz and Styan (1980) from trace and Frobenius norm, exact where all eigenvalues but one are
// equal. A level costs n^2 (n + 1) / 2 multiply-adds and takes the square root of the excess, or better.
#pragma once

#include <cstddef>
#include <taut/base/rounding.hpp>
#include <taut/certify/symmetric.hpp>
#include <type_traits>

namespace taut::detail::norms {

constexpr double frobenius_squared(const table& a) {
  const std::size_t blocks = a.rows * a.stride;
  return inflated(dot(a.row(0), a.row(0), blocks), 16 * blocks);
}

/// ||A A' - fl(A A')||_2 at most, from |fl(x'y) - x'y| <= gamma_{K+1} |x|'|y|, rows of so many blocks.
constexpr double gram_error(double squares, std::size_t stride) {
  return inflated(rounded::mul_up(squares, static_cast<double>(16 * stride + 8) * two_units), 0);
}

/// G = fl(A A'), symmetric and full.
struct gram_matrix {
  constexpr explicit gram_matrix(const table& a)
      : size(a.rows), values(size, size), error(gram_error(frobenius_squared(a), a.stride)) {
    if (std::is_constant_evaluated()) {
      const packed_rows lines(a.row(0), size, a.stride);
      for (std::size_t i = 0; i < size; ++i)
        for (std::size_t j = 0; j <= i; ++j)
          values.entry(i, j) = values.entry(j, i) = dot(lines.row(i), lines.row(j), a.stride);
      return;
    }
    for (std::size_t i = 0; i < size; ++i)
      for (std::size_t j = 0; j <= i; ++j) values.entry(i, j) = values.entry(j, i) = dot(a.row(i), a.row(j), a.stride);
  }

  std::size_t size;
  table values;
  double error;
};

/// The least of three bounds of the norm of a symmetric matrix of non-negative trace: Frobenius, largest row sum of
/// magnitudes, and m + sqrt((n - 1)(||G||_F^2 / n - m^2)) with m = trace / n.
constexpr double symmetric_norm_up(const table& g) {
  const auto n = static_cast<double>(g.rows);
  double widest = 0, trace_down = 0, trace_up = 0;
  for (std::size_t i = 0; i < g.rows; ++i) {
    double sum = 0;
    for (std::size_t k = 0; k < g.stride; ++k) {
      const double(&p)[16] = g.row(i)[k].at;
      for (const double v : p) sum += v < 0 ? -v : v;
    }
    if (sum > widest) widest = sum;
    trace_down = rounded::add_down(trace_down, g.entry(i, i));
    trace_up = rounded::add_up(trace_up, g.entry(i, i));
  }
  const double square = frobenius_squared(g), mean = rounded::div_down(trace_down, n);
  const double deviation = rounded::sub_up(rounded::div_up(square, n), rounded::mul_down(mean, mean));
  double best = rounded::sqrt_up(square);
  const double sum = inflated(widest, 16 * g.stride);
  if (sum < best) best = sum;
  if (mean > 0) {
    const double spread = deviation > 0 ? rounded::sqrt_up(rounded::mul_up(n - 1, deviation)) : 0;
    const double styan = rounded::add_up(rounded::div_up(trace_up, n), spread);
    if (styan < best) best = styan;
  }
  return best;
}

/// An upper bound of ||G||_2 for a symmetric G of non-negative trace, by so many squarings.
constexpr double iterated_norm_up(const table& g, int levels) {
  double top = 0;
  for (std::size_t i = 0; i < g.rows; ++i)
    if (g.entry(i, i) > top) top = g.entry(i, i);
  if (levels <= 0 || !rounded::is_positive(top)) return symmetric_norm_up(g);
  const int exponent = rounded::exponent_of(top);
  const double scale = rounded::scale_up(1, -exponent);
  const table scaled(g.rows, g.rows);
  for (std::size_t i = 0; i < g.rows; ++i) accumulate(scaled.row(i), scale, g.row(i), g.stride);
  const gram_matrix next(scaled);
  const double square = rounded::add_up(iterated_norm_up(next.values, levels - 1), next.error);
  return rounded::scale_up(rounded::sqrt_up(square), exponent);
}

}  // namespace taut::detail::norms
