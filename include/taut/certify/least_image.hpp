// SPDX-License-Identifier: Apache-2.0
// How small |A u + a| can get for u in a shell, low <= |u| <= high: two lower bounds, each found by search and proved
// apart from it. One text for constant expressions and run time; all constants are doubled, so any flags will do.
//
// Direction: |A u + a| >= (w'a - |A'w| high) / |w| for any w. The best w is A u + a at the smallest u: a ball around 0
// does not reach the origin because a is too far away.
// S-lemma: if [[A'A - l I, A'a], [a'A, |a|^2 + l low^2 - d]] >= 0 for some l >= 0, then |A u + a|^2 >= d for |u| >= low:
// evaluate the form at (u, 1). That is exact (Polyak); l is the root of a trust-region equation, and Cholesky proves the
// matrix semidefinite. Where u sums to 0 over runs, t (1'u)^2 may be added: A maps constants of a run to 0.
#pragma once
#include <cstddef>
#include <cstdint>
#include <taut/certify/region.hpp>
#include <taut/certify/spectral_norm.hpp>
#include <taut/certify/symmetric.hpp>

namespace taut::certificates {

/// The map u -> A u + a on a shell: `rows` x `columns` numbers, row by row.
struct shell_image {
  const double *matrix, *constant;
  std::size_t rows, columns;
  double matrix_error, constant_error;  ///< Frobenius norms of what A and a may be off by
  double low, high;                     ///< of |u|
  std::size_t run = 0;                  ///< u sums to 0 over runs of so many neighbours; 0: it need not
};

namespace images {

using detail::norms::dot, detail::norms::inflated, detail::norms::table;

/// (w'a - |A'w| high) / |w|, downward; 0 if it is negative.
constexpr double along(const shell_image& f, const double* w) {
  const base::buffer<double> back(f.columns), sizes(f.columns);
  double to_constant = 0, sum_of_sizes = 0;
  for (std::size_t i = 0; i < f.rows; ++i) {
    const double v = w[i], t = v * f.constant[i];
    to_constant += t, sum_of_sizes += t < 0 ? -t : t;
    const double* const row = f.matrix + i * f.columns;
    for (std::size_t j = 0; j < f.columns; ++j) {
      const double c = v * row[j];
      back.at[j] += c, sizes.at[j] += c < 0 ? -c : c;
    }
  }
  // sums of n terms are off by at most (n + 1) u of the sum of their sizes; four times that
  const double share = static_cast<double>(f.rows + 8) * 0x1p-51, length = length_up(w, f.rows);
  if (!below(0x1p-300, length) || !below(length, 0x1p300)) return 0;
  const double of_sizes = rounded::mul_up(share, length_up(sizes.at, f.columns));
  const double pull =
      rounded::add_up(rounded::add_up(length_up(back.at, f.columns), of_sizes), times_up(f.matrix_error, length));
  double room = rounded::sub_down(to_constant, rounded::add_up(rounded::mul_up(share, sum_of_sizes), 0x1p-900));
  room = rounded::sub_down(room, rounded::add_up(times_up(pull, f.high), times_up(f.constant_error, length)));
  return below(0, room) ? rounded::div_down(room, length) : 0;
}

/// |A u + a| from below by a direction: projected gradient steps towards the smallest image, then the proof.
constexpr double by_direction(const shell_image& f, int steps) {
  const base::buffer<double> u(f.columns), w(f.rows), slope(f.columns);
  const double norm = frobenius_norm_up(f.matrix, f.rows, f.columns);
  if (!rounded::is_finite(f.high) || !below(0x1p-200, norm) || !below(norm, 0x1p200)) return 0;
  double best = 0, curve = 0;
  for (int step = 0; step <= steps; ++step) {
    for (std::size_t i = 0; i < f.rows; ++i) {
      const double* const row = f.matrix + i * f.columns;
      double sum = f.constant[i];
      for (std::size_t j = 0; j < f.columns; ++j) sum += row[j] * u.at[j];
      w.at[i] = sum;
    }
    if (step == 0 || step == steps || step % 16 == 0) best = most(best, along(f, w.at));
    if (step == steps) break;
    for (std::size_t j = 0; j < f.columns; ++j) slope.at[j] = 0;
    for (std::size_t i = 0; i < f.rows; ++i)
      for (std::size_t j = 0; j < f.columns; ++j) slope.at[j] += w.at[i] * f.matrix[i * f.columns + j];
    // the steepest curvature along the path so far: |A s|^2 / |s|^2, at least that of a balanced matrix
    double squares = 0, images = 0;
    for (std::size_t j = 0; j < f.columns; ++j) squares += slope.at[j] * slope.at[j];
    if (!(squares > 0x1p-900)) break;
    for (std::size_t i = 0; i < f.rows; ++i) {
      double sum = 0;
      for (std::size_t j = 0; j < f.columns; ++j) sum += f.matrix[i * f.columns + j] * slope.at[j];
      images += sum * sum;
    }
    curve = most(curve, images / squares);
    double length = 0;
    for (std::size_t j = 0; j < f.columns; ++j) u.at[j] -= slope.at[j] / curve, length += u.at[j] * u.at[j];
    length = rounded::sqrt_nearest(length);
    if (length > f.high)
      for (std::size_t j = 0; j < f.columns; ++j) u.at[j] *= f.high / length;
  }
  return best;
}

/// What the S-lemma speaks of, in units of high: v = u / high, and everything divided by a power of 2.
struct quadratic {
  constexpr quadratic(const shell_image& f, double largest)
      : size(f.columns), exponent(rounded::exponent_of(largest)), form(size + 1, size + 1) {
    const table b(size + 1, f.rows);
    const double scale = rounded::scale_up(1, -exponent);
    for (std::size_t i = 0; i < f.rows; ++i) {
      for (std::size_t j = 0; j < size; ++j) b.entry(j, i) = scale * (f.matrix[i * size + j] * f.high);
      b.entry(size, i) = scale * f.constant[i];
    }
    double squares = 0;
    for (std::size_t j = 0; j <= size; ++j) squares += dot(b.row(j), b.row(j), b.stride);
    squares = inflated(squares, 16 * b.stride + size);
    for (std::size_t i = 0; i <= size; ++i)
      for (std::size_t j = 0; j <= i; ++j) form.entry(i, j) = form.entry(j, i) = dot(b.row(i), b.row(j), b.stride);
    // what B is off by, two roundings of each entry included, enters the form as 2 |B| off + off^2
    const double norm = rounded::sqrt_up(squares);
    double off = rounded::add_up(rounded::mul_up(f.matrix_error, f.high), f.constant_error);
    off = rounded::add_up(rounded::mul_up(off, scale), rounded::mul_up(norm, 0x1p-50));
    error = rounded::mul_up(rounded::add_up(rounded::mul_up(2, norm), off), off);
    error = rounded::add_up(error, rounded::mul_up(squares, static_cast<double>(16 * b.stride + 8) * 0x1p-52));
    if (f.run != 0) {  // t 11' in each run, twice as steep as anything else; sums round once more
      double top = 0;
      for (std::size_t j = 0; j < size; ++j) top = most(top, form.entry(j, j));
      const double lift = 2 * top / static_cast<double>(f.run);
      for (std::size_t i = 0; i < size; ++i)
        for (std::size_t j = i / f.run * f.run; j < size && j / f.run == i / f.run; ++j) form.entry(i, j) += lift;
      error = rounded::add_up(error,
                              rounded::mul_up(rounded::add_up(squares, 4 * top * static_cast<double>(size)), 0x1p-51));
    }
    radius = rounded::div_down(f.low, f.high);
  }

  std::size_t size;
  int exponent;
  table form;  // the last row and column belong to the constant
  double error = 0, radius = 0;
};

/// x = -(H - l I)^-1 b, by a factorization in plain double; nothing is proved here.
struct minimizer {
  constexpr explicit minimizer(std::size_t n) : factor(n, n), x(1, n), w(1, n) {}

  constexpr bool solve(const quadratic& q, double l) const {
    const std::size_t n = q.size;
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = i; j < n; ++j) factor.entry(i, j) = 0;
      for (std::size_t j = 0; j < i; ++j) {
        factor.entry(i, j) = 0;
        factor.entry(i, j) =
            (q.form.entry(i, j) - dot(factor.row(i), factor.row(j), (j + 15) / 16)) / factor.entry(j, j);
      }
      const double pivot = q.form.entry(i, i) - l - dot(factor.row(i), factor.row(i), (i + 15) / 16);
      if (!(pivot > 0x1p-40 * q.form.entry(i, i)) || !rounded::is_positive(pivot)) return false;
      factor.entry(i, i) = rounded::sqrt_nearest(pivot);
    }
    for (std::size_t i = 0; i < n; ++i) x.entry(0, i) = 0;
    for (std::size_t i = 0; i < n; ++i)
      x.entry(0, i) = (-q.form.entry(n, i) - dot(factor.row(i), x.row(0), (i + 15) / 16)) / factor.entry(i, i);
    for (std::size_t i = n; i-- > 0;) {
      double sum = x.entry(0, i);
      for (std::size_t k = i + 1; k < n; ++k) sum -= factor.entry(k, i) * x.entry(0, k);
      x.entry(0, i) = sum / factor.entry(i, i);
    }
    return true;
  }
  [[nodiscard]] constexpr double square() const { return dot(x.row(0), x.row(0), x.stride); }
  /// |L^-1 x|^2, half the slope of |x|^2 in l.
  [[nodiscard]] constexpr double slope() const {
    for (std::size_t i = 0; i < factor.rows; ++i) w.entry(0, i) = 0;
    for (std::size_t i = 0; i < factor.rows; ++i)
      w.entry(0, i) = (x.entry(0, i) - dot(factor.row(i), w.row(0), (i + 15) / 16)) / factor.entry(i, i);
    return dot(w.row(0), w.row(0), w.stride);
  }

  table factor, x, w;
};

/// Whether the form less l (|v|^2 - radius^2) is proved to be at least d.
constexpr bool proves(const quadratic& q, double l, double d) {
  const std::size_t n = q.size;
  const table lower(n + 1, n + 1);
  for (std::size_t i = 0; i <= n; ++i)
    for (std::size_t j = 0; j <= i; ++j) lower.entry(i, j) = q.form.entry(i, j);
  for (std::size_t i = 0; i < n; ++i) lower.entry(i, i) = rounded::sub_down(lower.entry(i, i), l);
  const double lifted = rounded::mul_down(l, rounded::mul_down(q.radius, q.radius));
  lower.entry(n, n) = rounded::sub_down(rounded::add_down(lower.entry(n, n), lifted), d);
  return detail::norms::proves_semidefinite(lower, q.error);
}

/// |A u + a| from below by the S-lemma with l >= 0; 0 if nothing is proved.
constexpr double by_s_lemma(const shell_image& f, int steps) {
  const double largest = most(rounded::mul_up(detail::norms::largest_entry(f.matrix, f.rows * f.columns), f.high),
                              detail::norms::largest_entry(f.constant, f.rows));
  if (!below(0, f.low) || !rounded::is_finite(f.high) || !below(0x1p-200, largest) || !below(largest, 0x1p200))
    return 0;
  const quadratic q(f, largest);
  const minimizer m(q.size);
  if (!m.solve(q, 0)) return 0;
  double low = 0, high = endless(), l = 0, root = 0;
  for (std::size_t i = 0; i < q.size; ++i) high = least(high, q.form.entry(i, i));
  // |x| grows with l: solve |x| = radius, or come close to where the form ends
  for (int step = 0; step < steps && high - low > 1e-12 * high; ++step) {
    const bool solved = m.solve(q, l);
    const double length = solved ? rounded::sqrt_nearest(m.square()) : 0;
    if (solved && length < q.radius) low = root = l;
    else high = l;
    if (step == 0 && high == 0) break;  // the least image is inside the shell or outside: l = 0
    if (solved && length > (1 - 1e-9) * q.radius && length < (1 + 1e-9) * q.radius) {
      root = l;
      break;
    }
    double next = 0.5 * (low + high);
    if (solved && length > 0) {
      const double newton = l + length * length / m.slope() * (q.radius - length) / q.radius;
      if (newton > low && newton < high) next = newton;
    }
    l = next;
  }
  // What the proof takes off the diagonal is taken off before d is read from the Schur complement.
  double trace = 0;
  for (std::size_t i = 0; i <= q.size; ++i) trace += q.form.entry(i, i);
  const double off = 1.01 * q.error + 2.5 * detail::norms::cholesky_slack(q.size + 1, trace);
  for (double step = 2 * off; step < 2 * root + 3 * off; step *= 8) {
    const double less = root > step ? root - step : 0;
    if (!m.solve(q, less + off)) continue;
    double d = q.form.entry(q.size, q.size) + less * q.radius * q.radius - 2 * off;
    for (std::size_t i = 0; i < q.size; ++i) d += q.form.entry(q.size, i) * m.x.entry(0, i);
    if (d > 0 && proves(q, less, d)) return rounded::scale_up(rounded::sqrt_down(d), q.exponent);
  }
  return 0;
}

}  // namespace images

/// A proved lower bound of |A u + a| on the shell, the better of the two. In a constant expression the search is shorter
/// and, beyond `work` multiply-adds, left out.
constexpr double least_image(const shell_image& f, std::size_t work = constant_work) {
  if (f.rows == 0 || f.columns == 0) return 0;
  const std::size_t entries = f.rows * f.columns;
  int steps = entries < (std::size_t{1} << 18) ? 400 : 64, roots = 60;
  std::uint64_t limit = std::uint64_t{1} << 34;
  if (std::is_constant_evaluated()) steps = 32, roots = 12, limit = work;
  const std::uint64_t n = f.columns;
  double best = 0;
  if (3 * static_cast<std::uint64_t>(steps + 3) * entries <= limit) best = images::by_direction(f, steps);
  if (f.low > 0 && n * entries / 2 + static_cast<std::uint64_t>(roots + 4) * n * n * n / 6 <= limit)
    best = most(best, images::by_s_lemma(f, roots));
  return best;
}

}  // namespace taut::certificates
