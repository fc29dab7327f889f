// SPDX-License-Identifier: Apache-2.0
// Proof that a symmetric matrix is positive semidefinite, though its entries are known up to an error; one text for
// constant expressions and run time.
//
// If Cholesky of B = A - (error + c) I runs to its end in plain double, A + E >= 0 for every ||E||_2 <= error, since
// R'R = B + D with ||D||_2 <= gamma_{n+8} / (1 - gamma_{n+8}) trace(B) <= c (Demmel 1989; Rump 2006), whatever the order
// of summation. c is at least twice what IEEE arithmetic needs, which pays for reciprocals and contraction; 2^-900 in it
// pays for flushed subnormal numbers. So any flags will do.
#pragma once

#include <bit>
#include <cstddef>
#include <taut/base/buffer.hpp>
#include <taut/base/rounding.hpp>

namespace taut::detail::norms {

using base::buffer;

inline constexpr double two_units = 0x1p-52, tiny = 0x1p-900;  // twice the unit roundoff; any number of flushed terms

/// Sixteen numbers that one expression reads through a reference to an array: clang counts statements against its limit,
/// g++ counts operations, and both evaluate this form fastest (0.7 microseconds per multiply-add).
struct block {
  double at[16];
};

/// Rows of blocks; what pads the last block of a row is zero and must stay zero.
struct table {
  constexpr table(std::size_t height, std::size_t width)
      : rows(height), columns(width), stride((width + 15) / 16), blocks(rows * stride) {}
  constexpr block* row(std::size_t i) const { return blocks.at + i * stride; }
  constexpr double& entry(std::size_t i, std::size_t j) const { return blocks.at[i * stride + j / 16].at[j % 16]; }

  std::size_t rows, columns, stride;
  buffer<block> blocks;
};

/// x'y of so many blocks: 4 + count roundings on the longest path, the product's included.
constexpr double dot(const block* x, const block* y, std::size_t count) {
  double sum = 0;
  for (std::size_t k = 0; k < count; ++k) {
    const double(&p)[16] = x[k].at, (&q)[16] = y[k].at;
    sum += (((p[0] * q[0] + p[1] * q[1]) + (p[2] * q[2] + p[3] * q[3])) +
            ((p[4] * q[4] + p[5] * q[5]) + (p[6] * q[6] + p[7] * q[7]))) +
           (((p[8] * q[8] + p[9] * q[9]) + (p[10] * q[10] + p[11] * q[11])) +
            ((p[12] * q[12] + p[13] * q[13]) + (p[14] * q[14] + p[15] * q[15])));
  }
  return sum;
}

/// Sixteen numbers that both compilers multiply in one step of a constant expression.
typedef double pack __attribute__((vector_size(128)));

/// Rows of blocks as packs, to be read in constant expressions.
struct packed_rows {
  constexpr packed_rows(const block* from, std::size_t rows, std::size_t blocks)
      : stride(blocks), packs(rows * blocks) {
    for (std::size_t k = 0; k < rows * stride; ++k) packs.at[k] = std::bit_cast<pack>(from[k]);
  }
  constexpr const pack* row(std::size_t i) const { return packs.at + i * stride; }

  std::size_t stride;
  buffer<pack> packs;
};
constexpr double dot(const pack* x, const pack* y, std::size_t count) {
  pack sum{};
  for (std::size_t k = 0; k < count; ++k) sum += x[k] * y[k];
  const auto [s] = std::bit_cast<block>(sum);
  return (((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]))) +
         (((s[8] + s[9]) + (s[10] + s[11])) + ((s[12] + s[13]) + (s[14] + s[15])));
}

/// y += f x
constexpr void accumulate(block* y, double f, const block* x, std::size_t count) {
  for (std::size_t k = 0; k < count; ++k) {
    double(&q)[16] = y[k].at;
    const double(&p)[16] = x[k].at;
    q[0] += f * p[0], q[1] += f * p[1], q[2] += f * p[2], q[3] += f * p[3], q[4] += f * p[4], q[5] += f * p[5],
        q[6] += f * p[6], q[7] += f * p[7], q[8] += f * p[8], q[9] += f * p[9], q[10] += f * p[10], q[11] += f * p[11],
        q[12] += f * p[12], q[13] += f * p[13], q[14] += f * p[14], q[15] += f * p[15];
  }
}

/// A sum of non-negative terms with `roundings` on the longest path to any of them, made an upper bound.
constexpr double inflated(double sum, std::size_t roundings) {
  return rounded::add_up(rounded::mul_up(sum, 1 + static_cast<double>(roundings + 8) * two_units), tiny);
}

/// What Cholesky of a matrix of this size and trace may do wrong, in the 2-norm.
constexpr double cholesky_slack(std::size_t size, double trace) {
  return rounded::add_up(rounded::mul_up(trace, static_cast<double>(size + 24) * (2 * two_units)), tiny);
}

/// Whether A + E is proved positive semidefinite for every symmetric E with ||E||_2 <= error, A given by its lower
/// triangle (what is above is not read). Succeeds if the smallest eigenvalue exceeds error + 2 cholesky_slack.
constexpr bool proves_semidefinite(const table& lower, double error) {
  const std::size_t n = lower.rows;
  double trace = 0;
  for (std::size_t i = 0; i < n; ++i) {
    if (!rounded::is_positive(lower.entry(i, i))) return false;
    trace = rounded::add_up(trace, lower.entry(i, i));
  }
  if (!(trace < 0x1p1000) || !rounded::is_finite(trace) || !rounded::is_finite(error) || !rounded::is_at_most(0, error))
    return false;
  const double shift = rounded::add_up(error, cholesky_slack(n, trace)), longest = 2 * rounded::sqrt_up(trace);
  const table factor(n, n);
  for (std::size_t i = 0; i < n; ++i) {
    const block* row = factor.row(i);  // zero from column j on when column j is computed
    for (std::size_t j = 0; j < i; ++j) {
      const double entry = (lower.entry(i, j) - dot(row, factor.row(j), (j + 15) / 16)) / factor.entry(j, j);
      if (entry > longest || entry < -longest) return false;  // no pivot will be left; stop before it overflows
      factor.entry(i, j) = entry;
    }
    const double pivot = rounded::sub_down(lower.entry(i, i), shift) - dot(row, row, (i + 15) / 16);
    if (!rounded::is_positive(pivot)) return false;
    factor.entry(i, i) = rounded::sqrt_nearest(pivot);
  }
  return true;
}

}  // namespace taut::detail::norms
