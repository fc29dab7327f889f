// SPDX-License-Identifier: Apache-2.0
// Floors of normalizers that follow from the weights and from what stands before: then nobody has to check them.
//
// In front of an affine layer and a normalizer of m elements, |P (W (h + u) + b)| >= d sqrt(m) proves std >= d, for
//   behind a normalizer     u its z: |u| >= sqrt(n) s k(s) where its own floor s holds, and |u| < sqrt(n); h its offset
//   behind it and a sort    the same, if the gains are equal and no offset is added; else less, by the offset
//   anywhere else           u in the ball of its region (range.hpp), h the centre: what biases alone imply
// and without an affine layer the ball itself may be far from where all elements are equal. Floors before are those
// that are declared (and hold, where certify says so) or implied themselves: by induction over depth, an implied floor
// holds wherever the declared floors before it do.
#pragma once
#include <array>
#include <cstddef>
#include <taut/certify/least_image.hpp>
#include <taut/certify/range.hpp>

namespace taut {

namespace certificates {

/// What stands in front of the scalings and the affine layer K: the normalizer whose values arrive, right before them or
/// through layers that reorder at most; depth if there is none.
template <class Net, std::size_t K> struct feed {
  using beside = neighbours<Net>;
  static constexpr std::size_t first = beside::first_column_scaling(K);
  static constexpr std::size_t right_before = beside::normalizer_before(K);
  static constexpr std::size_t reordered = [] {
    bool passes[Net::depth + 1]{};
    base::for_each_index<Net::depth>([&]<std::size_t I>() {
      using L = layer_of<Net, I>;
      if constexpr (requires { L::identity; }) passes[I] = L::identity;
      if constexpr (requires { L::permutes; }) passes[I] = L::permutes;
    });
    std::size_t at = first;
    while (at > 0 && passes[at - 1]) --at;
    return at < first && at > 0 && beside::reads[at - 1] == fusion::normalizer ? at - 1 : Net::depth;
  }();
};

/// What arrives at an affine layer: start + u, u in a shell.
struct shell {
  constexpr explicit shell(std::size_t n) : start(n) {}
  base::buffer<double> start;
  double low = 0, high = endless();
  std::size_t run = 0;     ///< u sums to 0 over runs of so many; 0: it need not
  bool lies_open = false;  ///< the matrix does not know of the runs yet
};

/// The least and the largest |z| of a normalizer that pools all `size` elements in runs, if its stds are at least s and
/// its input is in x.
template <class L, shape In> constexpr void shell_of_normalizer(const region& x, double s, shell& to) {
  constexpr pooling runs = L::pooled(In);
  const buffer lengths(runs.groups);
  for (std::size_t r = 0; r < runs.groups; ++r)
    lengths.at[r] = projected_up(run_length_up(x, r * runs.size, runs.size, L::centred), runs.size, L::epsilon);
  to.high = length_up(lengths.at, runs.groups);
  const double square = rounded::mul_down(s, s);
  const double share = rounded::div_down(square, rounded::add_up(rounded::mul_up(s, s), L::epsilon));
  to.low = rounded::sqrt_down(rounded::mul_down(share, static_cast<double>(In.size())));
  to.low = least(to.low, to.high);
  to.run = L::centred ? runs.size : 0;
}

/// What arrives at affine layer K and the scalings in front of it, where its region is `here`.
template <class Net, std::size_t K, class Real>
constexpr shell arriving_shell(const parameters<Net, Real>& p, const region& here,
                               const std::array<double, Net::depth>& least_z,
                               const std::array<double, Net::depth>& largest_z) {
  constexpr std::size_t columns = Net::shapes[K].size();
  shell s(columns);
  if constexpr (constexpr std::size_t J = feed<Net, K>::right_before; J < Net::depth) {
    using N = layer_of<Net, J>;
    s.low = least_z[J], s.high = largest_z[J];
    s.run = N::centred ? N::pooled(Net::shapes[J]).size : 0;
    for (std::size_t j = 0; j < columns; ++j) s.start.at[j] = N::offset(get<J>(p), j);
    return s;
  } else if constexpr (constexpr std::size_t R = feed<Net, K>::reordered; R < Net::depth) {
    using N = layer_of<Net, R>;
    const buffer offset(columns);
    const double first = N::gain(get<R>(p), 0);
    double smallest = endless();
    bool equal = true;
    for (std::size_t j = 0; j < columns; ++j) {
      offset.at[j] = N::offset(get<R>(p), j);
      const double gain = N::gain(get<R>(p), j);
      equal = equal && gain == first && offset.at[j] == 0;
      smallest = least(smallest, size_of(gain));
    }
    const double shift = length_up(offset.at, columns);
    s.low = rounded::sub_down(rounded::mul_down(smallest, least_z[R]), shift);
    s.high = rounded::add_up(times_up(gain_factor<Net, R>(p), largest_z[R]), shift);
    if (equal) s.high = times_up(smallest, largest_z[R]);
    s.run = equal && N::centred ? columns : 0;
    s.lies_open = s.run != 0;
    if (below(0, s.low)) return s;
    s.run = 0, s.lies_open = false;
  }
  s.low = 0, s.high = here.radius;
  for (std::size_t j = 0; j < columns; ++j) s.start.at[j] = here.centre.at[j];
  return s;
}

/// W (start) + b through the scalings around affine layer K, centred as the normalizer behind it does; returns what it
/// is off by at most.
template <class Net, std::size_t K, class Real>
constexpr double constant_of(const parameters<Net, Real>& p, const double* start, double* constant) {
  using L = folded_layer_of<Net, K>;
  using beside = neighbours<Net>;
  constexpr std::size_t rows = Net::shapes[K + 1].size(), columns = Net::shapes[K].size();
  constexpr std::size_t first = beside::first_column_scaling(K), next = beside::normalizer_behind(K);
  const buffer h(columns), offs(rows > columns ? rows : columns);
  for (std::size_t j = 0; j < columns; ++j) h.at[j] = start[j];
  double off = 0;
  const auto scale = [&]<std::size_t S>(double* v, std::size_t n) {
    double steepest = 0;
    for (std::size_t j = 0; j < n; ++j) {
      const double a = layer_of<Net, S>::scale(get<S>(p), j), b = layer_of<Net, S>::shift(get<S>(p), j);
      offs.at[j] = rounded::add_up(rounded::mul_up(0x1p-48, size_of(a * v[j])), slack_of(b, 0));
      v[j] = a * v[j] + b;
      steepest = most(steepest, size_of(a));
    }
    off = rounded::add_up(times_up(rounded::mul_up(steepest, 1 + 0x1p-48), off), length_up(offs.at, n));
  };
  base::for_each_index<K - first>([&]<std::size_t S>() { scale.template operator()<first + S>(h.at, columns); });
  const auto held = folded<K>(p);
  const auto& raw = *held;
  const double share = static_cast<double>(columns + 8) * 0x1p-51;
  double squares = 0;
  for (std::size_t i = 0; i < rows; ++i) {
    double sum = L::bias(raw, i), sizes = size_of(sum);
    for (std::size_t j = 0; j < columns; ++j) {
      const double w = L::weight(raw, i, j), t = w * h.at[j];
      sum += t, sizes += t < 0 ? -t : t, squares += w * w;
    }
    constant[i] = sum;
    offs.at[i] = rounded::add_up(rounded::mul_up(share, sizes), detail::norms::tiny);
  }
  const double frobenius = rounded::sqrt_up(detail::norms::inflated(squares, rows * columns));
  const double folding = times_up(static_cast<double>(fold_roundings<Net, K>()) * 0x1p-51, frobenius);
  const double arriving = rounded::add_up(length_up(h.at, columns), off);
  off =
      rounded::add_up(rounded::add_up(times_up(frobenius, off), times_up(folding, arriving)), length_up(offs.at, rows));
  base::for_each_index<beside::behind(K) - K - 1>(
      [&]<std::size_t S>() { scale.template operator()<K + 1 + S>(constant, rows); });
  if constexpr (layer_of<Net, next>::centred) {
    constexpr pooling runs = layer_of<Net, next>::pooled(Net::shapes[next]);
    const double size = length_up(constant, rows);
    centre(constant, runs, 1, 1, 0);
    off = rounded::add_up(off, rounded::mul_up(static_cast<double>(runs.size + 8) * 0x1p-50, size));
  }
  return off;
}

/// The floor of the normalizer behind affine layer K, whose inputs (before its scalings) arrive as the shell says.
template <class Net, std::size_t K, class Real>
constexpr double floor_behind_affine(const parameters<Net, Real>& p, const shell& from) {
  constexpr std::size_t next = neighbours<Net>::normalizer_behind(K);
  constexpr pooling runs = layer_of<Net, next>::pooled(Net::shapes[next]);
  if (!rounded::is_finite(from.high)) return 0;
  const buffer constant(Net::shapes[K + 1].size());
  const double off = constant_of<Net, K>(p, from.start.at, constant.at);
  return with_matrix<Net, K>(p, [&](double* w, std::size_t rows, std::size_t columns, double error) {
    if (from.lies_open) {
      const double size = frobenius_norm_up(w, rows, columns);
      centre(w, {columns / from.run, from.run}, 1, rows, columns);
      error = rounded::add_up(error, rounded::mul_up(static_cast<double>(from.run + 8) * 0x1p-50, size));
    }
    double smallest = endless();
    for (std::size_t run = 0; run < runs.groups; ++run) {
      const double length = least_image({w + run * runs.size * columns, constant.at + run * runs.size, runs.size,
                                         columns, error, off, from.low, from.high, from.run},
                                        constant_work / (16 * runs.groups));
      smallest = least(smallest, rounded::div_down(length, rounded::sqrt_up(static_cast<double>(runs.size))));
    }
    return smallest;
  });
}

/// How large a std of the runs of x is at least: far from where all elements are equal (or 0, if nothing is centred).
constexpr double floor_of_region(const region& x, std::size_t runs, std::size_t n, bool centred) {
  if (!rounded::is_finite(x.radius)) return 0;
  double smallest = endless();
  const base::buffer<double> deviation(n);
  for (std::size_t run = 0; run < runs; ++run) {
    const double* const c = x.centre.at + run * n;
    for (std::size_t i = 0; i < n; ++i) deviation.at[i] = c[i];
    if (centred) centre(deviation.at, {1, n}, 1, 1, 0);
    // length_up exceeds the truth by less than that, and the mean is off by less
    const double rounding = rounded::mul_up(static_cast<double>(n + 16) * 0x1p-49, length_up(c, n));
    const double length = rounded::sub_down(length_up(deviation.at, n), rounded::add_up(rounding, x.radius));
    smallest = least(smallest, rounded::div_down(length, rounded::sqrt_up(static_cast<double>(n))));
  }
  return below(0, smallest) ? smallest : 0;
}

/// Floors of the normalizers of a network that follow from its weights, for inputs in `start`: 0 where nothing is
/// proved. Calls visit(i, region) with what layer i takes.
template <class Net, class Real> constexpr std::array<double, Net::depth> implied_floors(const parameters<Net, Real>& p,
                                                                                         const region& start,
                                                                                         auto&& visit) {
  using beside = neighbours<Net>;
  std::array<double, Net::depth> implied{};
  std::array<double, Net::depth> least_z{}, largest_z{};
  region_behind(p, start, [&](auto at, const region& here) {
    constexpr std::size_t i = at;
    visit(at, here);
    if constexpr (i < Net::depth) {
      using L = layer_of<Net, i>;
      if constexpr (L::reads == fusion::normalizer) {
        constexpr pooling runs = L::pooled(Net::shapes[i]);
        implied[i] = most(implied[i], floor_of_region(here, runs.groups, runs.size, L::centred));
        shell z(0);
        shell_of_normalizer<L, Net::shapes[i]>(here, most(implied[i], declared_floor<L>()), z);
        least_z[i] = z.low, largest_z[i] = z.high;
      }
      constexpr std::size_t affine = beside::reads[i] == fusion::affine ? i : beside::behind(i);
      if constexpr (is<Net, affine, fusion::affine>()) {
        constexpr std::size_t next = beside::normalizer_behind(affine);
        if constexpr (beside::first_column_scaling(affine) == i && next < Net::depth && is_dense<Net, affine>())
          implied[next] = floor_behind_affine<Net, affine>(p, arriving_shell<Net, affine>(p, here, least_z, largest_z));
      }
    }
  });
  return implied;
}

}  // namespace certificates

}  // namespace taut
