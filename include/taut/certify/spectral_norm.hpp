// SPDX-License-Identifier: Apache-2.0
// Proved upper bounds of the spectral norm of a row-major matrix; one text for constant expressions and run time.
//
// Proposal: Lanczos on G = A A' estimates the norm. Proof: s^2 I - fl(G) is positive semidefinite, even if what rounding
// did to G is taken off (symmetric.hpp). The constants are twice what IEEE arithmetic needs, so any flags will do.
// Example: static_assert(spectral_norm(w.data(), 32, 64).value <= 2.0);
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <taut/base/buffer.hpp>
#include <taut/base/rounding.hpp>
#include <taut/certify/gram_iteration.hpp>
#include <taut/certify/symmetric.hpp>
#include <type_traits>

namespace taut {

/// A proved upper bound of ||W||_2 and the name of its proof.
struct norm_bound {
  double value;
  std::string_view method;
};

/// Multiply-adds that one call may spend on a certificate inside a constant expression; beyond, Schur's test is used.
/// The default stays inside the default limits of both compilers; a constant expression with several calls divides it.
inline constexpr std::size_t constant_work = 1'500'000;

namespace detail::norms {

// max |w|, or infinity if an entry is not finite
constexpr double largest_entry(const double* w, std::size_t size) {
  if (std::is_constant_evaluated()) {
    double top = 0;
    bool finite = true;
    for (std::size_t i = 0; i < size; ++i)
      top = w[i] > top    ? w[i]
            : w[i] < -top ? -w[i]
                          : top,
      finite = finite && w[i] >= -rounded::largest && w[i] <= rounded::largest;
    return finite ? top : rounded::infinity;
  }
  rounded::detail::word top = 0;  // bits of magnitudes order as the numbers do, and those of NaN come last
  for (std::size_t i = 0; i < size; ++i) {
    const auto bits = rounded::detail::magnitude_bits(w[i]);
    if (bits > top) top = bits;
  }
  return rounded::detail::from_bits(top < rounded::detail::infinity_bits ? top : rounded::detail::infinity_bits);
}

enum class entries { signed_values, magnitudes };

// A = 2^-exponent W (or W', so that the rows are the fewer), its largest entry in [1, 2)
struct scaled_matrix {
  constexpr scaled_matrix(const double* w, std::size_t height, std::size_t width, entries kind)
      : rows(height < width ? height : width), columns(height < width ? width : height), values(rows, columns) {
    const double top = largest_entry(w, rows * columns);
    finite = rounded::is_finite(top);
    zero = rounded::detail::is_zero(top);
    if (!finite || zero) return;
    exponent = rounded::exponent_of(top);
    const bool moderate = exponent >= -900 && exponent <= 900, absolute = kind == entries::magnitudes;
    const double scale = moderate ? rounded::scale_up(1, -exponent) : 1;
    const std::size_t across = 16 * values.stride, down = height < width ? across : 1,
                      right = height < width ? 1 : across;
    for (std::size_t i = 0; i < height; ++i)
      for (std::size_t j = 0, at = i * down; j < width; ++j, ++w, at += right)
        values.blocks.at[at / 16].at[at % 16] =
            (absolute && (moderate ? *w < 0 : rounded::detail::is_negative(*w)) ? -scale : scale) *
            (moderate ? *w : rounded::scale_up(*w, -exponent));
  }
  constexpr const block* row(std::size_t i) const { return values.row(i); }
  // A bound of ||A|| becomes one of ||W||. Entries below 2^-122 may have been flushed; 2^-100 exceeds all of them.
  constexpr double restored(double bound) const {
    return rounded::scale_up(rounded::add_up(bound, 0x1p-100), exponent);
  }

  std::size_t rows, columns;
  table values;
  int exponent = 0;
  bool finite = false, zero = false;
};

// ||A||_1 ||A||_inf >= ||A||_2^2
constexpr double hoelder_squared(const scaled_matrix& magnitudes) {
  const std::size_t stride = magnitudes.values.stride;
  const table ones(1, magnitudes.columns), sums(1, magnitudes.columns);
  for (std::size_t j = 0; j < magnitudes.columns; ++j) ones.entry(0, j) = 1;
  double widest = 0, tallest = 0;
  for (std::size_t i = 0; i < magnitudes.rows; ++i) {
    const double sum = dot(magnitudes.row(i), ones.row(0), stride);
    if (sum > widest) widest = sum;
    accumulate(sums.row(0), 1, magnitudes.row(i), stride);
  }
  for (std::size_t j = 0; j < magnitudes.columns; ++j)
    if (sums.entry(0, j) > tallest) tallest = sums.entry(0, j);
  return rounded::mul_up(inflated(widest, 16 * stride), inflated(tallest, magnitudes.rows));
}

// ||A||_2^2 <= max_i (|A||A|'x)_i / x_i for every x > 0 (Schur); x from power iteration, which makes it smallest
constexpr double schur_squared(const scaled_matrix& magnitudes, int iterations) {
  const std::size_t rows = magnitudes.rows, stride = magnitudes.values.stride;
  const buffer<double> x(rows), y(rows);
  for (std::size_t i = 0; i < rows; ++i) x.at[i] = 1;
  double best = rounded::infinity;
  for (int step = 0; step <= iterations; ++step) {
    const table mixed(1, magnitudes.columns);
    double ratio = 0, top = 0;
    for (std::size_t i = 0; i < rows; ++i) accumulate(mixed.row(0), x.at[i], magnitudes.row(i), stride);
    for (std::size_t i = 0; i < rows; ++i) {
      y.at[i] = dot(magnitudes.row(i), mixed.row(0), stride);
      if (y.at[i] > top) top = y.at[i];
      if (y.at[i] > ratio * x.at[i]) ratio = y.at[i] / x.at[i];
    }
    const double bound = inflated(ratio, rows + 16 * stride);
    if (step == 0 || bound < best) best = bound;
    for (std::size_t i = 0; i < rows; ++i) x.at[i] = y.at[i] > 0x1p-100 * top ? y.at[i] / top : 0x1p-100;
  }
  return best;
}

// Whether Cholesky proves ||A|| <= s, given the lower triangle of A A' up to an error.
constexpr bool proves(const table& gram, double error, double s) {
  const double square = rounded::mul_down(s, s);
  const table difference(gram.rows, gram.rows);
  for (std::size_t i = 0; i < gram.rows; ++i) {
    accumulate(difference.row(i), -1, gram.row(i), (i + 16) / 16);
    difference.entry(i, i) = rounded::sub_down(square, gram.entry(i, i));
  }
  return proves_semidefinite(difference, error);
}
constexpr bool proves(const gram_matrix& g, double s) { return proves(g.values, g.error, s); }

inline constexpr std::size_t krylov = 24;  // Lanczos steps in a constant expression; four times as many at run time

// the largest eigenvalue of the symmetric tridiagonal matrix, by bisection on the signs of the pivots of T - x I
constexpr double largest_eigenvalue(const double* diagonal, const double* beside, std::size_t size) {
  double low = diagonal[0], high = 0;
  for (std::size_t j = 0; j < size; ++j) {
    const double reach = diagonal[j] + (j > 0 ? beside[j - 1] : 0) + (j + 1 < size ? beside[j] : 0);
    if (diagonal[j] > low) low = diagonal[j];
    if (reach > high) high = reach;
  }
  for (int step = 0; step < 48; ++step) {
    const double middle = 0.5 * (low + high);
    double pivot = diagonal[0] - middle;
    for (std::size_t j = 1; j < size && pivot < 0; ++j)
      pivot = diagonal[j] - middle - beside[j - 1] * beside[j - 1] / pivot;
    (pivot < 0 ? high : low) = middle;
  }
  return high;
}

struct proposal {
  double norm, margin;  // hardly ever above ||A||; below it by about the margin
};

// Lanczos on G; nothing is proved here
constexpr proposal propose(const gram_matrix& g) {
  const std::size_t n = g.size, stride = g.values.stride;
  std::size_t steps = krylov;  // not const: the initializer of a const integer is itself constant-evaluated
  if (!std::is_constant_evaluated()) steps = 4 * krylov;
  if (n < steps) steps = n;
  const table basis(steps, n), next(1, n);
  const buffer<double> diagonal(steps), beside(steps);
  const packed_rows lines(g.values.row(0), std::is_constant_evaluated() ? n : 0, stride);
  std::uint32_t random = 1;
  for (std::size_t i = 0; i < n; ++i) {
    random = random * 1664525u + 1013904223u;
    next.entry(0, i) = static_cast<double>(random >> 8) * 0x1p-23 - 0.75;
  }
  double length = rounded::sqrt_nearest(dot(next.row(0), next.row(0), stride)), top = 0;
  std::size_t size = 0;
  while (size < steps && length > 1e-12 * top) {
    block* v = basis.row(size);
    accumulate(v, 1 / length, next.row(0), stride);
    if (std::is_constant_evaluated()) {
      const packed_rows direction(v, 1, stride);
      for (std::size_t i = 0; i < n; ++i) next.entry(0, i) = dot(lines.row(i), direction.row(0), stride);
    } else {
      for (std::size_t i = 0; i < n; ++i) next.entry(0, i) = dot(g.values.row(i), v, stride);
    }
    diagonal.at[size] = dot(v, next.row(0), stride);
    if (diagonal.at[size] > top) top = diagonal.at[size];
    for (std::size_t j = size + 1; j-- > 0;)
      accumulate(next.row(0), -dot(next.row(0), basis.row(j), stride), basis.row(j), stride);
    length = rounded::sqrt_nearest(dot(next.row(0), next.row(0), stride));
    beside.at[size++] = length;
  }
  const double square = largest_eigenvalue(diagonal.at, beside.at, size);
  const bool exact = size < steps || steps == n;
  const double before = exact ? square : largest_eigenvalue(diagonal.at, beside.at, size - 3);
  return {rounded::sqrt_nearest(square), 1e-6 + 0.5 * (square - before) / square};
}

// What calls cost inside a constant expression, in multiply-adds: reading the entries and the Gram matrix; with one
// attempt at Cholesky; with Lanczos and two attempts; a level of Gram iteration.
inline constexpr std::size_t entry_work = 8;
constexpr std::size_t gram_work(std::size_t rows, std::size_t columns) {
  if (rows > columns) return gram_work(columns, rows);
  return rows * columns * entry_work + rows * (rows + 1) / 2 * columns + 2 * rows * rows;
}
constexpr std::size_t proof_work(std::size_t rows, std::size_t columns) {
  const std::size_t n = rows < columns ? rows : columns;
  return gram_work(rows, columns) + n * n * n / 6;
}
constexpr std::size_t certificate_work(std::size_t rows, std::size_t columns) {
  const std::size_t n = rows < columns ? rows : columns;
  return gram_work(rows, columns) + krylov * n * (n + krylov) + n * n * n / 3;
}
constexpr std::size_t level_work(std::size_t rows, std::size_t columns) {
  const std::size_t n = rows < columns ? rows : columns;
  return n * n * (n + 1) / 2 + 3 * n * n;
}
constexpr bool affordable(std::size_t work, std::size_t limit) {
  return !std::is_constant_evaluated() || work <= limit;
}
constexpr bool usable_error(double entry_error) {
  return rounded::is_finite(entry_error) && rounded::is_at_most(0, entry_error);
}
constexpr double from_squared(const scaled_matrix& a, double square) {
  if (!a.finite) return rounded::detail::unbounded();
  return a.zero ? 0 : a.restored(rounded::sqrt_up(square));
}

}  // namespace detail::norms

/// ||W||_F rounded up; infinity if an entry is not finite.
constexpr double frobenius_norm_up(const double* w, std::size_t rows, std::size_t columns) {
  if (rows == 0 || columns == 0) return 0;
  const detail::norms::scaled_matrix a(w, rows, columns, detail::norms::entries::signed_values);
  return detail::norms::from_squared(a, a.finite ? detail::norms::frobenius_squared(a.values) : 0);
}

/// sqrt(||W||_1 ||W||_inf) >= ||W||_2, rounded up.
constexpr double hoelder_norm_up(const double* w, std::size_t rows, std::size_t columns) {
  if (rows == 0 || columns == 0) return 0;
  const detail::norms::scaled_matrix a(w, rows, columns, detail::norms::entries::magnitudes);
  return detail::norms::from_squared(a, a.finite ? detail::norms::hoelder_squared(a) : 0);
}

/// Schur's test: an upper bound of the spectral norm of |W|, hence of W; tight for matrices of one sign.
constexpr double schur_norm_up(const double* w, std::size_t rows, std::size_t columns, int iterations = 4) {
  if (rows == 0 || columns == 0) return 0;
  const detail::norms::scaled_matrix a(w, rows, columns, detail::norms::entries::magnitudes);
  return detail::norms::from_squared(a, a.finite ? detail::norms::schur_squared(a, iterations) : 0);
}

/// Gram iteration: at most so many levels, each of which takes the square root of the excess over ||W||_2, or better.
constexpr double gram_norm_up(const double* w, std::size_t rows, std::size_t columns, int levels = 5) {
  if (rows == 0 || columns == 0) return 0;
  using namespace detail::norms;
  const scaled_matrix a(w, rows, columns, entries::signed_values);
  if (!a.finite || a.zero) return from_squared(a, 0);
  const gram_matrix g(a.values);
  return from_squared(a, rounded::add_up(iterated_norm_up(g.values, levels), g.error));
}

/// The best proved bound of ||W_true||_2 for every W_true with ||W - W_true||_F <= entry_error. At run time, and within
/// `limit` multiply-adds in a constant expression, at most 1e-5 above the norm in practice.
constexpr norm_bound spectral_norm(const double* w, std::size_t rows, std::size_t columns, double entry_error = 0,
                                   std::size_t limit = constant_work) {
  using namespace detail::norms;
  if (!usable_error(entry_error)) return {rounded::detail::unbounded(), "not finite"};
  if (rows == 0 || columns == 0) return {entry_error, "zero"};
  const bool certified = affordable(certificate_work(rows, columns), limit);
  const bool squared = certified || gram_work(rows, columns) <= limit;
  const scaled_matrix a(w, rows, columns, squared ? entries::signed_values : entries::magnitudes);
  if (!a.finite) return {rounded::detail::unbounded(), "not finite"};
  if (a.zero) return {entry_error, "zero"};
  const double frobenius = rounded::sqrt_up(frobenius_squared(a.values));
  norm_bound best{frobenius, "Frobenius"};
  if (a.rows == 1) {  // Frobenius is exact
  } else if (certified) {
    const gram_matrix g(a.values);
    const auto [norm, first_margin] = propose(g);
    if (rounded::is_positive(norm) && rounded::is_positive(first_margin))
      for (double margin = first_margin; norm * (1 + margin) < best.value; margin *= 4)
        if (proves(g, norm * (1 + margin))) best = {norm * (1 + margin), "Cholesky"};
  } else if (squared) {
    const gram_matrix g(a.values);
    const std::size_t levels = (limit - gram_work(rows, columns)) / level_work(rows, columns);
    const double norm = iterated_norm_up(g.values, levels < 6 ? static_cast<int>(levels) : 6);
    const double bound = rounded::sqrt_up(rounded::add_up(norm, g.error));
    if (bound < frobenius) best = {bound, "Gram iteration"};
  } else if (const std::size_t share = limit / (rows * columns); share >= entry_work + 3) {
    const std::size_t iterations = (share - entry_work - 3) / 2;
    const double schur = rounded::sqrt_up(schur_squared(a, iterations < 4 ? static_cast<int>(iterations) : 4));
    if (schur < frobenius) best = {schur, "Schur"};
  }
  return {rounded::add_up(a.restored(best.value), entry_error), best.method};
}

/// Whether ||W_true||_2 <= claim is proved, for every W_true with ||W - W_true||_F <= entry_error: by the Frobenius
/// norm or by one Cholesky factorization. Succeeds if the claim exceeds the norm by a few n^2 units of rounding.
constexpr bool spectral_norm_at_most(const double* w, std::size_t rows, std::size_t columns, double claim,
                                     double entry_error = 0, std::size_t limit = constant_work) {
  using namespace detail::norms;
  if (rounded::is_nan(claim) || !usable_error(entry_error)) return false;
  if (!affordable(proof_work(rows, columns), limit))
    return rounded::is_at_most(spectral_norm(w, rows, columns, entry_error, limit).value, claim);
  if (rows == 0 || columns == 0) return rounded::is_at_most(entry_error, claim);
  const scaled_matrix a(w, rows, columns, entries::signed_values);
  if (!a.finite) return false;
  if (a.zero) return rounded::is_at_most(entry_error, claim);
  if (!rounded::is_finite(claim)) return !rounded::detail::is_negative(claim);
  const double frobenius = rounded::sqrt_up(frobenius_squared(a.values));
  if (rounded::is_at_most(rounded::add_up(a.restored(frobenius), entry_error), claim)) return true;
  if (a.rows == 1) return false;
  const double remaining = rounded::sub_down(claim, entry_error);
  if (rounded::detail::is_negative(remaining) || rounded::detail::is_zero(remaining)) return false;
  const double s = rounded::sub_down(-rounded::scale_up(-remaining, -a.exponent), 0x1p-100);
  return rounded::is_positive(s) && proves(gram_matrix(a.values), s);
}

}  // namespace taut
