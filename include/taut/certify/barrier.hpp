// SPDX-License-Identifier: Apache-2.0
// The search for multipliers of a chain: minimise r = L^2 over (r, t) with the form of semidefinite.hpp positive
// definite, by an interior-point method. Nothing is proved here, so plain arithmetic will do.
//
//   M(r, t) = r I_input - M_K' M_K + sum_i t_i (u_i v_i' + v_i u_i'),   u_i = e_i - low a_i,  v_i = e_i - high a_i
//
// Newton's method on weight r - log det M - sum log t, the weight growing. With Z = M^-1, the second derivative in
// (t_i, t_j) is 2 ((v_i'Z u_j)(v_j'Z u_i) + (u_i'Z u_j)(v_i'Z v_j)): products of dense matrices. A run's multiplier adds up
// its elements'. With n the size of M, a step costs some 2 n^3 multiply-adds.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <taut/certify/semidefinite.hpp>
#include <utility>
#include <vector>

namespace taut::certificates {

/// The row y += sum over j of f(j) x(j), f and x functions of first <= j < last; four rows at a time, so that y is read
/// and written less often. Only blocks from `from` on, and before `until`.
template <class Factor, class Row> void combine(detail::norms::block* y, std::size_t first, std::size_t last,
                                                std::size_t from, std::size_t until, Factor factor, Row row) {
  using namespace detail::norms;
  std::size_t j = first;
  for (; j + 4 <= last; j += 4) {
    const double f[4] = {factor(j), factor(j + 1), factor(j + 2), factor(j + 3)};
    if (f[0] == 0 && f[1] == 0 && f[2] == 0 && f[3] == 0) continue;
    const block* const x[4] = {row(j), row(j + 1), row(j + 2), row(j + 3)};
    for (std::size_t k = from; k < until; ++k) {
      double* const to = y[k].at;
      const double *const a = x[0][k].at, *const b = x[1][k].at, *const c = x[2][k].at, *const d = x[3][k].at;
      for (std::size_t i = 0; i < 16; ++i) to[i] += (f[0] * a[i] + f[1] * b[i]) + (f[2] * c[i] + f[3] * d[i]);
    }
  }
  for (; j < last; ++j)
    if (const double f = factor(j); f != 0) accumulate(y + from, f, row(j) + from, until - from);
}

/// M = U'U, in place: rows of the upper triangle become rows of U. False if M is not positive definite.
[[gnu::noinline]] inline bool factorize(detail::norms::table& m, double& log_determinant) {
  using namespace detail::norms;
  log_determinant = 0;
  for (std::size_t k = 0; k < m.rows; ++k) {
    const std::size_t from = k / 16;
    combine(
        m.row(k), 0, k, from, m.stride, [&](std::size_t j) { return -m.entry(j, k); },
        [&](std::size_t j) { return m.row(j); });
    const double pivot = m.entry(k, k);
    if (!(pivot > 0) || !std::isfinite(pivot)) return false;
    log_determinant += std::log(pivot);
    const double inverse = 1 / std::sqrt(pivot);
    for (std::size_t j = from * 16; j < k; ++j) m.entry(k, j) = 0;
    for (std::size_t j = k; j < m.columns; ++j) m.entry(k, j) *= inverse;
  }
  return true;
}

/// (U'U)^-1, symmetric and full.
[[gnu::noinline]] inline detail::norms::table inverse_of(const detail::norms::table& u) {
  using namespace detail::norms;
  const std::size_t n = u.rows;
  table z(n, n);  // first U'^-1, lower triangular
  for (std::size_t k = 0; k < n; ++k) {
    combine(
        z.row(k), 0, k, 0, k / 16 + 1, [&](std::size_t j) { return -u.entry(j, k); },
        [&](std::size_t j) { return z.row(j); });
    z.entry(k, k) += 1;
    const double inverse = 1 / u.entry(k, k);
    for (std::size_t j = 0; j <= k; ++j) z.entry(k, j) *= inverse;
  }
  for (std::size_t k = n; k-- > 0;) {  // U Z = U'^-1, columns up to k of row k
    combine(
        z.row(k), k + 1, n, 0, k / 16 + 1, [&](std::size_t j) { return -u.entry(k, j); },
        [&](std::size_t j) { return z.row(j); });
    const double inverse = 1 / u.entry(k, k);
    for (std::size_t j = 0; j <= k; ++j) z.entry(k, j) *= inverse;
  }
  for (std::size_t k = 0; k < n; ++k)
    for (std::size_t j = k + 1; j < n; ++j) z.entry(k, j) = z.entry(j, k);
  return z;
}

/// Which sectors a search uses: the chain's own, or [-c, c] with its steepest slopes: then the best multipliers are the
/// squares of the best scales.
enum class sectors { own, symmetric };

/// A point of the search.
struct multipliers {
  double square = 0;  ///< L^2
  std::vector<double> of_run;
};

/// The program of one chain.
class barrier {
  using table = detail::norms::table;

 public:
  barrier(const chain& c, sectors which) : runs(c.multipliers()) {
    if (c.maps[0].columns > c.maps[0].rows) root = gram_root(c.maps[0]);
    inputs = root.rows > 0 ? root.rows : c.maps[0].columns;
    std::size_t before = 0, run = 0;
    size = inputs;
    for (std::size_t k = 0; k < c.bends.size(); ++k) {
      const nonlinearity& f = c.bends[k];
      const linear_map* const m = k == 0 && root.rows > 0 ? &root : &c.maps[k];
      const double low = which == sectors::own ? f.slopes.low : -f.steepest(),
                   high = which == sectors::own ? f.slopes.high : f.steepest();
      for (std::size_t i = 0; i < f.size; ++i)
        elements.push_back(
            {size + i, before, m->columns, &m->entries.at[i * m->columns], low, high, run + i / f.slopes.run});
      before = size, size += f.size, run += f.runs();
    }
    last = before;
    const linear_map& out = c.maps.back();
    maps = table(elements.size(), size), outer = table(out.columns, size);
    for (std::size_t i = 0; i < elements.size(); ++i)
      for (std::size_t j = 0; j < elements[i].inputs; ++j) maps.entry(i, elements[i].before + j) = elements[i].row[j];
    for (std::size_t o = 0; o < out.rows; ++o)
      for (std::size_t i = 0; i < out.columns; ++i)
        for (std::size_t j = 0; j < out.columns; ++j) outer.entry(i, last + j) += out.at(o, i) * out.at(o, j);
  }

  /// The order of the form.
  [[nodiscard]] std::size_t order() const { return size; }
  /// Follows the central path from a point where the form is positive definite until L^2 is within `gap` (relative) of
  /// the least; false if the form is not positive definite at the start.
  bool minimise(multipliers& at, double gap = 2e-6, std::size_t steps = 300) {
    const double count = static_cast<double>(size + runs);
    double weight = count / at.square;
    point here{at}, next{at}, best{at};
    if (!evaluate(here)) return false;
    for (std::size_t step = 0; step < steps; ++step) {
      const auto [direction, decrement] = newton(here, weight);
      if (direction.empty()) break;
      const double start = here.value(weight);
      double least = start;  // the lowest point of the halvings: the first that is allowed may hug the boundary
      double length = 1;
      while (length * length * decrement > 64) length *= 0.5;  // far outside of where the form is positive definite
      for (; length > 1e-6; length *= 0.5) {
        next.at.square = here.at.square + length * direction[runs];
        for (std::size_t r = 0; r < runs; ++r) next.at.of_run[r] = here.at.of_run[r] + length * direction[r];
        if (!evaluate(next)) continue;
        const double reached = next.value(weight);
        if (reached >= least && least < start) break;
        if (reached < least) std::swap(best, next), least = reached;
      }
      const bool moved = least < start;
      if (moved) std::swap(here, best);
      if (moved && decrement > 0.2) continue;
      if (count / weight <= gap * here.at.square) break;
      weight *= 4;
    }
    at = std::move(here.at);
    return true;
  }

 private:
  struct element {
    std::size_t place, before, inputs;
    const double* row;
    double low, high;
    std::size_t run;
  };
  struct point {
    multipliers at;
    table factor{0, 0};  // U of the form there
    double barriers = 0;

    [[nodiscard]] double value(double weight) const { return weight * at.square + barriers; }
  };
  struct newton_step {
    std::vector<double> direction;  // in the multipliers, then in L^2
    double decrement = 0;
  };

  // the upper triangle of M
  table form(const multipliers& at) const {
    table m(size, size);
    for (std::size_t i = 0; i < inputs; ++i) m.entry(i, i) = at.square;
    for (std::size_t i = 0; i < elements.size(); ++i) {
      const element& e = elements[i];
      const double t = at.of_run[e.run], tie = -t * (e.low + e.high), bow = 2 * t * e.low * e.high;
      m.entry(e.place, e.place) += 2 * t;
      if (tie != 0)
        for (std::size_t j = 0; j < e.inputs; ++j) m.entry(e.before + j, e.place) += tie * e.row[j];
      if (bow != 0) {
        const std::size_t until = (e.before + e.inputs + 15) / 16;
        for (std::size_t j = 0; j < e.inputs; ++j) {
          const std::size_t from = (e.before + j) / 16;
          detail::norms::accumulate(m.row(e.before + j) + from, bow * e.row[j], maps.row(i) + from, until - from);
        }
      }
    }
    for (std::size_t i = last; i < size; ++i) detail::norms::accumulate(m.row(i), -1, outer.row(i - last), m.stride);
    return m;
  }
  // Factorizes the form at a point; false if it is not positive definite there.
  bool evaluate(point& there) const {
    double logs = 0, determinant = 0;
    for (const double t : there.at.of_run) {
      if (!(t > 0)) return false;
      logs += std::log(t);
    }
    there.factor = form(there.at);
    if (!factorize(there.factor, determinant)) return false;
    there.barriers = -determinant - logs;
    return std::isfinite(there.barriers);
  }
  // rows a_i' X
  table through_maps(const table& x) const {
    table made(elements.size(), x.columns);
    for (std::size_t i = 0; i < elements.size(); ++i)
      combine(
          made.row(i), 0, elements[i].inputs, 0, x.stride, [&](std::size_t j) { return elements[i].row[j]; },
          [&](std::size_t j) { return x.row(elements[i].before + j); });
    return made;
  }
  newton_step newton(const point& here, double weight) const {
    const multipliers& at = here.at;
    const table z = inverse_of(here.factor), p = through_maps(z);  // a_i'Z
    table turned(size, elements.size());
    for (std::size_t i = 0; i < elements.size(); ++i)
      for (std::size_t j = 0; j < size; ++j) turned.entry(j, i) = p.entry(i, j);
    const table q = through_maps(turned);  // a_i'Z a_j

    table hessian(runs + 1, runs + 1);
    std::vector<double> slope(runs + 1);
    for (std::size_t i = 0; i < elements.size(); ++i) {
      const element& e = elements[i];
      for (std::size_t j = 0; j < elements.size(); ++j) {
        const element& f = elements[j];
        if (f.run < e.run) continue;
        const double both = z.entry(e.place, f.place), left = p.entry(i, f.place), right = p.entry(j, e.place),
                     across = q.entry(i, j);
        const double uu = both - e.low * left - f.low * right + e.low * f.low * across,
                     vv = both - e.high * left - f.high * right + e.high * f.high * across,
                     vu = both - e.high * left - f.low * right + e.high * f.low * across,
                     uv = both - e.low * left - f.high * right + e.low * f.high * across;
        hessian.entry(e.run, f.run) += 2 * (vu * uv + uu * vv);
        if (i == j) slope[e.run] -= 2 * vu;
      }
      double mixed = 0;
      for (std::size_t k = 0; k < inputs; ++k)
        mixed += (z.entry(e.place, k) - e.low * p.entry(i, k)) * (z.entry(e.place, k) - e.high * p.entry(i, k));
      hessian.entry(e.run, runs) += 2 * mixed;
    }
    slope[runs] = weight;
    for (std::size_t i = 0; i < inputs; ++i) {
      slope[runs] -= z.entry(i, i);
      for (std::size_t k = 0; k < inputs; ++k) hessian.entry(runs, runs) += z.entry(i, k) * z.entry(i, k);
    }
    for (std::size_t r = 0; r < runs; ++r) {
      const double inverse = 1 / at.of_run[r];
      slope[r] -= inverse;
      hessian.entry(r, r) += inverse * inverse;
    }
    return solved(hessian, slope);
  }
  // - hessian^-1 slope, the hessian scaled to a diagonal of 1
  static newton_step solved(table& hessian, std::vector<double>& slope) {
    const std::size_t n = slope.size();
    std::vector<double> scale(n), x(n);
    for (std::size_t i = 0; i < n; ++i) scale[i] = 1 / std::sqrt(hessian.entry(i, i));
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = i; j < n; ++j) hessian.entry(i, j) *= scale[i] * scale[j];
    for (std::size_t i = 0; i < n; ++i) hessian.entry(i, i) += 1e-13;
    double unused = 0;
    if (!factorize(hessian, unused)) return {};
    newton_step step;
    for (std::size_t i = 0; i < n; ++i) {
      x[i] -= slope[i] * scale[i];
      x[i] /= hessian.entry(i, i);
      for (std::size_t j = i + 1; j < n; ++j) x[j] -= hessian.entry(i, j) * x[i];
    }
    for (std::size_t i = n; i-- > 0;) {
      for (std::size_t j = i + 1; j < n; ++j) x[i] -= hessian.entry(i, j) * x[j];
      x[i] /= hessian.entry(i, i);
    }
    for (std::size_t i = 0; i < n; ++i) x[i] *= scale[i], step.decrement -= x[i] * slope[i];
    step.direction = std::move(x);
    return step;
  }

  std::size_t runs, inputs = 0, size = 0, last = 0;
  linear_map root;
  std::vector<element> elements;
  table maps{0, 0}, outer{0, 0};  // a_i as rows; M_K'M_K in its columns
};

}  // namespace taut::certificates
