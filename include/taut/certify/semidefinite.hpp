// SPDX-License-Identifier: Apache-2.0
// A chain bounded by one matrix: with a multiplier t >= 0 for each run (never one that couples runs: those prove what
// is false), L is a Lipschitz constant if for all differences dx, dy_1, ..., dy_K
//
//   L^2 |dx|^2 - |M_K dy_K|^2 + sum over elements of 2 t <dy - low da, dy - high da>  >= 0,   da_k = M_(k-1) dy_(k-1)
//
// since each bracket is <= 0 on a run. Where low high = 0 in the first nonlinearity, minimising over dx leaves
// -(t (low + high) M_0)(..)' / L^2 in its block; else dx stays, its map replaced by a triangular R, R R' >= M_0 M_0'.
// The matrix is scaled by powers of two to a diagonal near 1, its entries' errors are summed, and Cholesky decides.
#pragma once
#include <cstddef>
#include <taut/certify/rescaled.hpp>
#include <taut/certify/symmetric.hpp>

namespace taut::certificates {

/// The lower triangle of a symmetric matrix, a bound of what rounding did to it in the 2-norm, and of the Frobenius
/// norms of all that was added.
struct uncertain_matrix {
  detail::norms::table values;
  double error = 0, added = 0;

  constexpr explicit uncertain_matrix(std::size_t size) : values(size, size) {}
};

/// Adds factor A B' to the block at `first`, B = A but for factors of one sign of the columns. `unknown` bounds, in the
/// Frobenius norm, what is not known of A (in B: `unknown_b`); entries round twice.
constexpr void add_gram(uncertain_matrix& s, std::size_t first, double factor, const detail::norms::table& a,
                        double unknown_a, const detail::norms::table& b, double unknown_b) {
  using namespace detail::norms;
  double squares_a = 0, squares_b = 0;
  for (std::size_t i = 0; i < a.rows; ++i) {
    const block* const row = a.row(i);
    for (std::size_t j = 0; j <= i; ++j) s.values.entry(first + i, first + j) += factor * dot(row, b.row(j), a.stride);
    squares_a += dot(row, row, a.stride), squares_b += dot(b.row(i), b.row(i), a.stride);
  }
  // entry by entry the terms add up to |A_i| |B_j| at most, so the matrix of their errors to ||A||_F ||B||_F
  const std::size_t roundings = 16 * a.stride + a.rows + 8;
  const double norm_a = rounded::sqrt_up(inflated(squares_a, roundings)),
               norm_b = rounded::sqrt_up(inflated(squares_b, roundings)), weight = factor < 0 ? -factor : factor;
  const double norm = rounded::mul_up(weight, rounded::mul_up(norm_a, norm_b));
  const double mixed = rounded::add_up(rounded::mul_up(norm_a, unknown_b), rounded::mul_up(unknown_a, norm_b));
  const double inherited = rounded::mul_up(weight, rounded::add_up(mixed, rounded::mul_up(unknown_a, unknown_b)));
  const double rounding = rounded::mul_up(static_cast<double>(roundings) * (2 * two_units), norm);
  s.error = rounded::add_up(s.error, rounded::add_up(rounding, inherited));
  s.added = rounded::add_up(s.added, norm);
}

/// A row of a table: f x, without a function call for each number, which a constant expression would pay for.
constexpr void scaled_row(detail::norms::block* to, double f, const double* x, std::size_t size) {
  for (std::size_t first = 0; first < size; first += 16, ++to) {
    double(&y)[16] = to->at;
    const double* const from = x + first;
    const std::size_t count = size - first < 16 ? size - first : 16;
    for (std::size_t i = 0; i < count; ++i) y[i] = f * from[i];
  }
}

/// R with R R' >= M M' for every M within the error, as many rows and columns as M has rows; no rows if none is found.
constexpr linear_map gram_root(const linear_map& m) {
  using namespace detail::norms;
  const std::size_t n = m.rows;
  table rows(n, m.columns);
  for (std::size_t i = 0; i < n; ++i) scaled_row(rows.row(i), 1, m.entries.at + i * m.columns, m.columns);
  uncertain_matrix gram(n);
  add_gram(gram, 0, 1, rows, m.error, rows, m.error);
  double trace = 0;
  for (std::size_t i = 0; i < n; ++i) trace = rounded::add_up(trace, gram.values.entry(i, i));
  double shift = rounded::add_up(gram.error, cholesky_slack(n, rounded::mul_up(2, trace)));
  for (int attempt = 0; attempt < 8; ++attempt, shift *= 16) {
    const table factor(n, n);
    bool positive = true;
    for (std::size_t i = 0; i < n && positive; ++i) {
      const block* const row = factor.row(i);
      for (std::size_t j = 0; j < i; ++j)
        factor.entry(i, j) = (gram.values.entry(i, j) - dot(row, factor.row(j), (j + 15) / 16)) / factor.entry(j, j);
      const double pivot = rounded::add_up(gram.values.entry(i, i), 2 * shift) - dot(row, row, (i + 15) / 16);
      positive = rounded::is_positive(pivot);
      factor.entry(i, i) = rounded::sqrt_nearest(pivot > 0 ? pivot : 1);
    }
    if (!positive) continue;
    linear_map root{n, n, buffer(n * n), 0};
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j <= i; ++j) root.at(i, j) = factor.entry(i, j);
    return root;
  }
  return {};
}

/// What a difference of the form is scaled by: a power of two near 1 / sqrt(x).
constexpr double scale_of(double x) { return rounded::scale_up(1, -(rounded::exponent_of(x) / 2)); }

/// A row of the quadratic form for each element: its multiplier and its power of two.
struct scaled_elements {
  buffer multiplier, scale;
  double largest_scale = 0;

  constexpr scaled_elements(const nonlinearity& f, const double* of_runs) : multiplier(f.size), scale(f.size) {
    for (std::size_t i = 0; i < f.size; ++i) {
      multiplier.at[i] = of_runs[i / f.slopes.run];
      scale.at[i] = scale_of(2 * multiplier.at[i]);
      if (scale.at[i] > largest_scale) largest_scale = scale.at[i];
    }
  }
};

/// The terms that tie nonlinearity f, whose elements begin at `here`, to what its map `m` reads, which begins at
/// `there` and is scaled by scale(column), at most `widest`.
constexpr void add_tie(uncertain_matrix& s, const nonlinearity& f, const scaled_elements& of, std::size_t here,
                       const linear_map& m, std::size_t there, const buffer& scale, double widest) {
  using namespace detail::norms;
  const double sum = f.slopes.low + f.slopes.high, product = 2 * (f.slopes.low * f.slopes.high);
  double squares = 0, steepest = 0, heaviest = 0;
  for (std::size_t i = 0; i < f.size; ++i) {
    const double factor = -(sum * of.multiplier.at[i] * of.scale.at[i]), size = factor < 0 ? -factor : factor;
    if (size > steepest) steepest = size;
    if (of.multiplier.at[i] > heaviest) heaviest = of.multiplier.at[i];
    double line = 0;
    for (std::size_t j = 0; j < m.columns; ++j) {
      const double entry = factor * m.at(i, j) * scale.at[j];
      s.values.entry(here + i, there + j) = entry;
      line += entry * entry;
    }
    squares += line;
  }
  const double norm = rounded::sqrt_up(inflated(squares, f.size + m.columns));
  const double inherited = rounded::mul_up(rounded::mul_up(steepest * (1 + 0x1p-48), widest), m.error);
  s.error = rounded::add_up(s.error, rounded::add_up(rounded::mul_up(0x1p-48, norm), inherited));
  s.added = rounded::add_up(s.added, rounded::mul_up(2, norm));
  if (rounded::detail::is_zero(product)) return;
  table plain(m.columns, m.rows), weighted(m.columns, m.rows);
  for (std::size_t j = 0; j < m.columns; ++j)
    for (std::size_t i = 0; i < m.rows; ++i) {
      plain.entry(j, i) = m.at(i, j) * scale.at[j];
      weighted.entry(j, i) = plain.entry(j, i) * (product * of.multiplier.at[i]);
    }
  const double unknown = rounded::mul_up(m.error, widest);
  const double weight = rounded::mul_up(heaviest * (1 + 0x1p-48), product < 0 ? -product : product);
  add_gram(s, there, 1, plain, unknown, weighted, rounded::mul_up(unknown, weight));
}

/// Whether the multipliers, one for each run, prove that `claim` is a Lipschitz constant of the chain.
constexpr bool semidefinite_proves(const chain& c, const double* multiplier, double claim) {
  using namespace detail::norms;
  if (rounded::is_nan(claim) || !is_moderate(claim)) return false;
  if (c.maps.empty()) return claim >= 1;
  const linear_map& last = c.maps.back();
  if (c.bends.empty()) return spectral_norm_at_most(last.entries.at, last.rows, last.columns, claim, last.error);
  for (std::size_t i = 0; i < c.multipliers(); ++i)
    if (!is_moderate(multiplier[i])) return false;
  for (const linear_map& m : c.maps)
    if (const double top = largest_entry(m.entries.at, m.rows * m.columns); !rounded::is_finite(top) || top > 0x1p200)
      return false;

  const sector& first = c.bends[0].slopes;
  const bool keeps_input = !rounded::detail::is_zero(first.low) && !rounded::detail::is_zero(first.high);
  const bool reduced = keeps_input && c.maps[0].columns > c.maps[0].rows;
  linear_map root;
  if (reduced) root = gram_root(c.maps[0]);
  if (reduced && root.rows == 0) return false;
  const linear_map& entrance = reduced ? root : c.maps[0];
  std::size_t size = keeps_input ? entrance.columns : 0, here = size;
  for (const nonlinearity& f : c.bends) size += f.size;
  uncertain_matrix s(size);
  const double square = rounded::mul_down(claim, claim);  // L^2, and 1 / L^2 upward

  // the block of the first nonlinearity, and dx
  scaled_elements now(c.bends[0], multiplier);
  if (keeps_input) {
    const buffer input(here);
    const double scale = scale_of(square);
    for (std::size_t i = 0; i < here; ++i)
      input.at[i] = scale, s.values.entry(i, i) = rounded::mul_down(square, scale * scale);
    add_tie(s, c.bends[0], now, here, entrance, 0, input, scale);
  } else {
    table tie(c.bends[0].size, entrance.columns);
    double steepest = 0;
    const double slope = c.bends[0].slopes.low + c.bends[0].slopes.high;  // one of them is 0
    for (std::size_t i = 0; i < tie.rows; ++i) {
      const double factor = slope * now.multiplier.at[i] * now.scale.at[i], length = factor < 0 ? -factor : factor;
      if (length > steepest) steepest = length;
      scaled_row(tie.row(i), factor, entrance.entries.at + i * tie.columns, tie.columns);
    }
    const double unknown = rounded::mul_up(steepest * (1 + 0x1p-48), entrance.error);
    add_gram(s, 0, -rounded::div_up(1, square), tie, unknown, tie, unknown);
  }
  for (std::size_t k = 0; k < c.bends.size(); ++k) {
    const nonlinearity& f = c.bends[k];
    for (std::size_t i = 0; i < f.size; ++i) {  // powers of two: exact
      const double square_of_element = 2 * (now.multiplier.at[i] * now.scale.at[i]) * now.scale.at[i];
      s.values.entry(here + i, here + i) += square_of_element;
    }
    s.added = rounded::add_up(s.added, static_cast<double>(4 * f.size));
    multiplier += f.runs();
    if (k + 1 < c.bends.size()) {
      scaled_elements next(c.bends[k + 1], multiplier);
      add_tie(s, c.bends[k + 1], next, here + f.size, c.maps[k + 1], here, now.scale, now.largest_scale);
      now = std::move(next);
      here += f.size;
    }
  }
  table outputs(last.columns, last.rows);
  for (std::size_t j = 0; j < last.columns; ++j)
    for (std::size_t i = 0; i < last.rows; ++i) outputs.entry(j, i) = last.at(i, j) * now.scale.at[j];
  const double unknown = rounded::mul_up(last.error, now.largest_scale);
  add_gram(s, here, -1, outputs, unknown, outputs, unknown);

  // sums of at most five terms an entry, and what was flushed: nothing beside a diagonal near 1
  const double sums = rounded::mul_up(0x1p-48, s.added);
  return proves_semidefinite(s.values, rounded::add_up(s.error, rounded::add_up(sums, 0x1p-200)));
}

}  // namespace taut::certificates
