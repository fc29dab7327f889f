// SPDX-License-Identifier: Apache-2.0
// Where the values at one place of a network can lie: in a ball around a centre and in a box, both at once, and how each
// kind of map moves them. Everything is rounded outward; radii and ends of the box may be infinite, centres never are.
//
//   affine        ball: W c + b, radius ||W|| R        box: midpoint and half-width through W and |W|, and the ball's row
//   slopes        a function with slopes in [low, high]: f(x) lies within what they allow from both ends
//   normalizer    |z| = r / sqrt(r^2/n + epsilon) < sqrt(n) for r = |Px|, and |z_i| <= |z| sqrt((n - 1)/n) if centred
//
// Assumes of layers' statements in double (apply, forward, scale, shift) that they are off by at most 2^-20 of what
// they give and 2^-30 of what they are given; the layers' tests measure less than that. Weights are exact.
#pragma once
#include <cstddef>
#include <taut/base/buffer.hpp>
#include <taut/base/rounding.hpp>
#include <taut/certify/spectral_norm.hpp>
#include <taut/certify/symmetric.hpp>
#include <type_traits>
#include <utility>

namespace taut::certificates {

/// a < b, decided by bits at run time: true to its name for infinities, which -ffinite-math-only forbids to compare. NaN
/// of positive sign exceeds everything.
constexpr bool below(double a, double b) {
  if (std::is_constant_evaluated()) return a < b;
  const auto rank = [](double x) {  // the order of numbers is that of these
    const auto bits = rounded::detail::bits_of(x);
    return (bits & rounded::detail::sign_bit) != 0 ? ~bits : bits | rounded::detail::sign_bit;
  };
  return rank(a) < rank(b);
}
constexpr double least(double a, double b) { return below(b, a) ? b : a; }
constexpr double most(double a, double b) { return below(a, b) ? b : a; }
/// Infinity as the optimizer must not know it.
constexpr double endless() { return rounded::detail::unbounded(); }
constexpr double size_of(double a) { return rounded::detail::magnitude(a); }
/// a b upward for a, b >= 0, where 0 times infinity is 0.
constexpr double times_up(double a, double b) {
  return rounded::detail::is_zero(a) || rounded::detail::is_zero(b) ? 0 : rounded::mul_up(a, b);
}

/// |v| rounded up, by plain sums of squares that are given room for their roundings. Infinite if it is no number.
constexpr double length_up(const double* v, std::size_t n) {
  const double largest = detail::norms::largest_entry(v, n);
  if (!below(largest, 0x1p400)) return rounded::detail::unbounded();
  if (largest < 0x1p-400) return largest == 0 ? 0 : rounded::mul_up(0x1p-400, static_cast<double>(n));
  double squares = 0;
  for (std::size_t i = 0; i < n; ++i) squares += v[i] * v[i];
  return rounded::sqrt_up(detail::norms::inflated(squares, n));
}

/// A set of n values: those centre + e with |e| <= radius that lie in the box and have a norm of at most `norm`.
struct region {
  constexpr explicit region(std::size_t n) : size(n), centre(n), lower(n), upper(n) {
    for (std::size_t i = 0; i < n; ++i) lower.at[i] = rounded::detail::negated(endless()), upper.at[i] = endless();
  }

  [[nodiscard]] constexpr double lowest() const {
    double low = endless();
    for (std::size_t i = 0; i < size; ++i) low = least(low, lower.at[i]);
    return low;
  }
  [[nodiscard]] constexpr double highest() const {
    double high = rounded::detail::negated(endless());
    for (std::size_t i = 0; i < size; ++i) high = most(high, upper.at[i]);
    return high;
  }
  [[nodiscard]] constexpr bool bounded() const { return rounded::is_finite(lowest()) && rounded::is_finite(highest()); }
  /// No element leaves [low, high].
  constexpr void within(double low, double high) const {
    for (std::size_t i = 0; i < size; ++i) lower.at[i] = most(lower.at[i], low), upper.at[i] = least(upper.at[i], high);
  }

  /// Lets ball, box and norm know of each other.
  constexpr void settle() {
    if (!rounded::is_finite(length_up(centre.at, size))) {
      for (std::size_t i = 0; i < size; ++i) centre.at[i] = 0;
      radius = endless();
    }
    norm = least(norm, rounded::add_up(length_up(centre.at, size), radius));
    for (std::size_t i = 0; i < size; ++i) {
      upper.at[i] = least(least(upper.at[i], norm), rounded::add_up(centre.at[i], radius));
      lower.at[i] = most(most(lower.at[i], rounded::detail::negated(norm)), rounded::sub_down(centre.at[i], radius));
    }
    if (bounded()) {
      const base::buffer<double> half(size), far(size);
      for (std::size_t i = 0; i < size; ++i) {
        const double middle = 0.5 * lower.at[i] + 0.5 * upper.at[i];
        half.at[i] = most(rounded::sub_up(upper.at[i], middle), rounded::sub_up(middle, lower.at[i]));
        far.at[i] = most(size_of(lower.at[i]), size_of(upper.at[i]));
      }
      norm = least(norm, length_up(far.at, size));
      const double around = length_up(half.at, size);
      if (below(around, radius)) {
        radius = around;
        for (std::size_t i = 0; i < size; ++i) centre.at[i] = 0.5 * lower.at[i] + 0.5 * upper.at[i];
      }
    }
    if (below(norm, radius)) {  // the ball around 0 is the smaller one
      radius = norm;
      for (std::size_t i = 0; i < size; ++i) centre.at[i] = 0;
    }
  }

  /// Takes the place of this region.
  constexpr void become(region&& other) {
    std::swap(size, other.size), std::swap(centre.at, other.centre.at);
    std::swap(lower.at, other.lower.at), std::swap(upper.at, other.upper.at);
    radius = other.radius, norm = other.norm;
  }

  std::size_t size;
  base::buffer<double> centre;
  double radius = endless(), norm = endless();
  base::buffer<double> lower, upper;
};

/// How far off a layer's statements in double may be that give `given` from what has the size `taken`.
constexpr double slack_of(double given, double taken) {
  return rounded::add_up(
      rounded::add_up(rounded::mul_up(0x1p-20, size_of(given)), rounded::mul_up(0x1p-30, size_of(taken))), 0x1p-80);
}

/// All n values of norm at most `ball` whose elements lie in [low, high].
constexpr region region_of_input(std::size_t n, double ball, double low, double high) {
  region r(n);
  r.norm = r.radius = ball;
  r.within(low, high);
  r.settle();
  return r;
}

/// W x + b for x in a region: W of so many rows, of spectral norm at most `norm_of_w`; what it stands for differs by at
/// most `error` in the Frobenius norm.
constexpr region affine_region(const region& x, const double* w, const double* b, std::size_t rows, double norm_of_w,
                               double error) {
  const std::size_t columns = x.size;
  region y(rows);
  if (!rounded::is_finite(detail::norms::largest_entry(w, rows * columns)) ||
      !rounded::is_finite(detail::norms::largest_entry(b, rows)))
    return y;
  const bool boxed = x.bounded();
  const base::buffer<double> middle(columns), half(columns), off(rows);
  if (boxed)
    for (std::size_t j = 0; j < columns; ++j) {
      middle.at[j] = 0.5 * x.lower.at[j] + 0.5 * x.upper.at[j];
      half.at[j] = most(rounded::sub_up(x.upper.at[j], middle.at[j]), rounded::sub_up(middle.at[j], x.lower.at[j]));
    }
  // u = 2^-53: a sum of n products and b is off by at most (n + 2) u of the sum of their sizes, in any order; four
  // times that pays for contraction and the second order
  const double share = static_cast<double>(columns + 8) * 0x1p-51, unknown = times_up(error, x.norm);
  for (std::size_t i = 0; i < rows; ++i, w += columns) {
    double at_centre = b[i], of_centre = size_of(b[i]), squares = 0;
    double at_middle = b[i], of_middle = of_centre, reach = 0;
    for (std::size_t j = 0; j < columns; ++j) {
      const double v = w[j], a = v < 0 ? -v : v, c = v * x.centre.at[j], m = v * middle.at[j];
      at_centre += c, of_centre += c < 0 ? -c : c, squares += v * v, at_middle += m, of_middle += m < 0 ? -m : m,
          reach += a * half.at[j];
    }
    y.centre.at[i] = at_centre;
    off.at[i] = rounded::add_up(rounded::mul_up(share, of_centre), detail::norms::tiny);
    const double row = rounded::sqrt_up(detail::norms::inflated(squares, columns));
    const double by_ball = rounded::add_up(rounded::add_up(times_up(row, x.radius), off.at[i]), unknown);
    y.upper.at[i] = rounded::add_up(at_centre, by_ball), y.lower.at[i] = rounded::sub_down(at_centre, by_ball);
    if (boxed) {
      const double wide = rounded::add_up(rounded::mul_up(share, of_middle), detail::norms::inflated(reach, columns));
      const double by_box = rounded::add_up(wide, unknown);
      y.upper.at[i] = least(y.upper.at[i], rounded::add_up(at_middle, by_box));
      y.lower.at[i] = most(y.lower.at[i], rounded::sub_down(at_middle, by_box));
    }
  }
  y.radius = rounded::add_up(rounded::add_up(times_up(norm_of_w, x.radius), length_up(off.at, rows)), unknown);
  y.settle();
  return y;
}

/// Values that a map of Lipschitz constant `steepest` can give, where it gives y.centre, in double, at x's centre.
constexpr void follow_centre(const region& x, region& y, double steepest) {
  const double slack = slack_of(length_up(y.centre.at, y.size), times_up(steepest, length_up(x.centre.at, x.size)));
  y.radius = rounded::add_up(times_up(steepest, x.radius), slack);
}

/// f of each element: f, in double, has slopes in [low, high].
template <class F> constexpr region pointwise_region(const region& x, double low, double high, F&& f) {
  region y(x.size);
  const double steepest = most(size_of(low), size_of(high)), falls = low < 0 ? -low : 0;
  for (std::size_t i = 0; i < x.size; ++i) {
    y.centre.at[i] = f(x.centre.at[i]);
    const double from = x.lower.at[i], to = x.upper.at[i], width = rounded::sub_up(to, from);
    const auto above = [&](double at, double slope) {
      const double value = f(at);
      return rounded::add_up(rounded::add_up(value, slack_of(value, rounded::mul_up(steepest, at))),
                             times_up(slope, width));
    };
    const auto below = [&](double at, double slope) {
      const double value = f(at);
      return rounded::sub_down(rounded::sub_down(value, slack_of(value, rounded::mul_up(steepest, at))),
                               times_up(slope, width));
    };
    if (rounded::is_finite(to)) y.upper.at[i] = above(to, falls), y.lower.at[i] = below(to, steepest);
    if (rounded::is_finite(from)) {
      y.upper.at[i] = least(y.upper.at[i], above(from, steepest));
      y.lower.at[i] = most(y.lower.at[i], below(from, falls));
    }
  }
  follow_centre(x, y, steepest);
  return y;
}

/// a_i x_i + b_i.
template <class Scale, class Shift> constexpr region scaled_region(const region& x, Scale&& scale, Shift&& shift) {
  region y(x.size);
  const base::buffer<double> off(x.size);
  double largest = 0;
  for (std::size_t i = 0; i < x.size; ++i) {
    const double a = scale(i), b = shift(i), room = rounded::mul_up(0x1p-48, size_of(a));
    largest = most(largest, size_of(a));
    off.at[i] = slack_of(b, 0);
    y.centre.at[i] = a * x.centre.at[i] + b;
    double low = endless(), high = rounded::detail::negated(endless());
    for (const double factor : {rounded::sub_down(a, room), rounded::add_up(a, room)})
      for (const double end : {x.lower.at[i], x.upper.at[i]}) {
        high = most(high, rounded::detail::is_zero(factor) ? 0 : rounded::mul_up(factor, end));
        low = least(low, rounded::detail::is_zero(factor) ? 0 : rounded::mul_down(factor, end));
      }
    y.upper.at[i] = rounded::add_up(rounded::add_up(high, b), off.at[i]);
    y.lower.at[i] = rounded::sub_down(rounded::add_down(low, b), off.at[i]);
  }
  follow_centre(x, y, rounded::mul_up(largest, 1 + 0x1p-48));
  y.radius = rounded::add_up(y.radius, length_up(off.at, x.size));
  y.settle();
  return y;
}

/// |Px| upward for the run of n values that starts at `first`; |x| where nothing is centred.
constexpr double run_length_up(const region& x, std::size_t first, std::size_t n, bool centred) {
  const double* const c = x.centre.at + first;
  const base::buffer<double> deviation(n);
  double mean = 0;
  for (std::size_t i = 0; centred && i < n; ++i) mean += c[i];
  mean /= static_cast<double>(n);
  for (std::size_t i = 0; i < n; ++i) deviation.at[i] = c[i] - mean;
  const double off = rounded::mul_up(static_cast<double>(n + 8) * 0x1p-50, length_up(c, n));
  const double of_ball = rounded::add_up(rounded::add_up(length_up(deviation.at, n), off), x.radius);
  return least(of_ball, x.norm);
}

/// r / sqrt(r^2/n + epsilon) upward: how long z is where |Px| = r, and never longer than sqrt(n).
constexpr double projected_up(double r, std::size_t n, double epsilon) {
  const double all = rounded::sqrt_up(static_cast<double>(n));
  if (!below(r, 0x1p300)) return all;
  const double square = rounded::div_down(rounded::mul_down(r, r), static_cast<double>(n));
  return least(all, rounded::div_up(r, rounded::sqrt_down(rounded::add_down(square, epsilon))));
}

/// gain z + offset for normalized runs; `steepest`: the largest norm of diag(gain) on a (centred) run.
template <class Gain, class Offset> constexpr region normalized_region(const region& x, std::size_t runs, std::size_t n,
                                                                       bool centred, double epsilon, double steepest,
                                                                       Gain&& gain, Offset&& offset) {
  region y(x.size);
  const base::buffer<double> lengths(runs);
  const double part =
      centred ? rounded::sqrt_up(rounded::div_up(static_cast<double>(n - 1), static_cast<double>(n))) : 1;
  for (std::size_t run = 0; run < runs; ++run) {
    lengths.at[run] = centred && n == 1 ? 0 : projected_up(run_length_up(x, run * n, n, centred), n, epsilon);
    const double largest = times_up(lengths.at[run], part);
    for (std::size_t i = run * n; i < (run + 1) * n; ++i) {
      const double reach = times_up(size_of(gain(i)), largest);
      y.centre.at[i] = offset(i);
      y.upper.at[i] = rounded::add_up(offset(i), reach), y.lower.at[i] = rounded::sub_down(offset(i), reach);
    }
  }
  y.radius = times_up(steepest, length_up(lengths.at, runs));
  y.settle();
  return y;
}

/// x + f, element by element.
constexpr region sum_of_regions(const region& x, const region& f) {
  region y(x.size);
  for (std::size_t i = 0; i < x.size; ++i) {
    y.centre.at[i] = x.centre.at[i] + f.centre.at[i];
    y.lower.at[i] = rounded::add_down(x.lower.at[i], f.lower.at[i]);
    y.upper.at[i] = rounded::add_up(x.upper.at[i], f.upper.at[i]);
  }
  const double off =
      rounded::mul_up(0x1p-51, rounded::add_up(length_up(x.centre.at, x.size), length_up(f.centre.at, f.size)));
  y.radius = rounded::add_up(rounded::add_up(x.radius, f.radius), off);
  y.norm = rounded::add_up(x.norm, f.norm);
  y.settle();
  return y;
}

/// Puts a region into y from element `first` on; the radii and norms of all parts add up as squares.
constexpr void put_region(const region& part, region& y, std::size_t first) {
  for (std::size_t i = 0; i < part.size; ++i) {
    y.centre.at[first + i] = part.centre.at[i];
    y.lower.at[first + i] = part.lower.at[i], y.upper.at[first + i] = part.upper.at[i];
  }
  const auto joined = [first](double before, double added) {
    if (first == 0) return added;
    return rounded::sqrt_up(rounded::add_up(rounded::mul_up(before, before), rounded::mul_up(added, added)));
  };
  y.radius = joined(y.radius, part.radius);
  y.norm = joined(y.norm, part.norm);
}

}  // namespace taut::certificates
