// SPDX-License-Identifier: Apache-2.0
// Norms of operators as training sees them: estimated, differentiable, one step of the power iteration a call.
//
//   norm_estimate<Net, I> n(p);      n.value(p)                   ||P W G P|| of affine layer I, as factors.hpp bounds it
//   gain_estimate<Net, I> n(p);      n.backward(p, dp, slope)     dp += slope d||..||/dp, and v moves on
//   row_distances<Net> d(p);         d.value(c, j)                |P G (w_c - w_j)| of the last affine layer, exactly
//
// The gradient of a singular value is u v'. Only the layer's own forward and gradient are used, so that convolutions
// and normalized weights serve as dense ones do. One lane holds the vector, one holds 0: the difference of the outputs
// is free of the bias, and the gradient of the bias cancels. An estimate is a lower one: certificates prove their own.
#pragma once
#include <array>
#include <cmath>
#include <cstddef>
#include <memory>
#include <taut/base/random.hpp>
#include <taut/certify/matrix.hpp>
#include <taut/net/evaluate.hpp>
#include <taut/simd/lane.hpp>
#include <vector>

namespace taut {

namespace base {

/// Two lanes at least.
using pair_lane = std::conditional_t<(simd::width<simd::native> >= 2), simd::native, simd::portable<4>>;

template <class V> V in_two_lanes(double first, double second) {
  simd::element<V> lanes[simd::width<V>]{static_cast<simd::element<V>>(first), static_cast<simd::element<V>>(second)};
  return simd::load<V>(lanes);
}
template <class V> double lane_of(const V& v, std::size_t lane) {
  simd::element<V> lanes[simd::width<V>];
  simd::store(v, lanes);
  return static_cast<double>(lanes[lane]);
}

/// The Euclidean length; v is scaled to length 1 if it has one.
inline double normalize(std::vector<double>& v) {
  double squares = 0;
  for (const double x : v) squares += x * x;
  const double length = std::sqrt(squares);
  if (length > 0)
    for (double& x : v) x /= length;
  return length;
}

inline std::vector<double> random_direction(std::size_t size, std::uint64_t seed) {
  random_stream random(seed);
  std::vector<double> v(size);
  for (double& x : v) x = random.normal();
  normalize(v);
  return v;
}

/// v - mean(v) in each run that normalizer I pools, if it centres; nothing for I = depth.
template <class Net, std::size_t I> void centre_as(std::vector<double>& v) {
  if constexpr (I < Net::depth) {
    using N = layer_of<Net, I>;
    if constexpr (N::centred) certificates::centre(v.data(), N::pooled(Net::shapes[I]), 1, 1, 0);
  }
}
/// The gain of element i of normalizer I; 1 for I = depth.
template <class Net, std::size_t I, class Real> double gain_as(const parameters<Net, Real>& p, std::size_t i) {
  if constexpr (I < Net::depth) return layer_of<Net, I>::gain(get<I>(p), i);
  else return 1;
}
template <class Net, std::size_t I, class Real>
void accumulate_gain(parameters<Net, Real>& dp, std::size_t i, double slope) {
  if constexpr (I < Net::depth) layer_of<Net, I>::accumulate(get<I>(dp), i, slope, 0.0);
}

inline constexpr int first_power_steps = 30;

}  // namespace base

/// The norm of affine layer I with the gains and the centring of the normalizers beside it.
template <class Net, std::size_t I> class norm_estimate {
 public:
  explicit norm_estimate(const parameters<Net>& p) {
    const auto nowhere = std::make_unique<parameters<Net>>();
    for (int step = 0; step < base::first_power_steps; ++step) value(p), backward(p, *nowhere, 1);
  }

  /// The estimate for these parameters.
  double value(const parameters<Net>& p) {
    along = v;
    base::centre_as<Net, before>(along);
    for (std::size_t i = 0; i < columns; ++i)
      x[i] = base::in_two_lanes<V>(base::gain_as<Net, before>(p, i) * along[i], 0);
    forward<L, Net::shapes[I]>(get<I>(p), x.data(), y.data());
    for (std::size_t i = 0; i < rows; ++i) u[i] = base::lane_of(y[i], 0) - base::lane_of(y[i], 1);
    base::centre_as<Net, behind>(u);
    return base::normalize(u);
  }

  /// dp += slope times the gradient of the last value; the power iteration takes its step. @pre value(p) was called
  void backward(const parameters<Net>& p, parameters<Net>& dp, double slope) {
    if (slope == 0) return;
    for (std::size_t i = 0; i < rows; ++i) dy[i] = base::in_two_lanes<V>(slope * u[i], -slope * u[i]);
    gradient<L, Net::shapes[I]>(get<I>(p), x.data(), y.data(), dy.data(), dx.data(), get<I>(dp));
    std::vector<double> next(columns);
    for (std::size_t i = 0; i < columns; ++i) {
      const double back = base::lane_of(dx[i], 0);
      base::accumulate_gain<Net, before>(dp, i, back * along[i]);
      next[i] = base::gain_as<Net, before>(p, i) * back;
    }
    base::centre_as<Net, before>(next);
    if (base::normalize(next) > 0) v = next;
  }

 private:
  using L = layer_of<Net, I>;
  using V = base::pair_lane;
  static constexpr std::size_t rows = Net::shapes[I + 1].size(), columns = Net::shapes[I].size(),
                               before = certificates::neighbours<Net>::normalizer_before(I),
                               behind = certificates::neighbours<Net>::normalizer_behind(I);
  std::vector<double> v = base::random_direction(columns, I), along, u = std::vector<double>(rows);
  std::vector<V> x = std::vector<V>(columns), y = std::vector<V>(rows), dy = y, dx = x;
};

/// ||diag(g) P|| of normalizer I.
template <class Net, std::size_t I> class gain_estimate {
 public:
  explicit gain_estimate(const parameters<Net>& p) {
    const auto nowhere = std::make_unique<parameters<Net>>();
    for (int step = 0; step < base::first_power_steps; ++step) value(p), backward(p, *nowhere, 1);
  }
  /// The estimate for these parameters.
  double value(const parameters<Net>& p) {
    along = v;
    base::centre_as<Net, I>(along);
    for (std::size_t i = 0; i < size; ++i) u[i] = base::gain_as<Net, I>(p, i) * along[i];
    return base::normalize(u);
  }
  /// dp += slope times the gradient of the last value; the power iteration takes its step. @pre value(p) was called
  void backward(const parameters<Net>& p, parameters<Net>& dp, double slope) {
    if (slope == 0) return;
    std::vector<double> next(size);
    for (std::size_t i = 0; i < size; ++i) {
      base::accumulate_gain<Net, I>(dp, i, slope * u[i] * along[i]);
      next[i] = base::gain_as<Net, I>(p, i) * u[i];
    }
    base::centre_as<Net, I>(next);
    if (base::normalize(next) > 0) v = next;
  }

 private:
  static constexpr std::size_t size = Net::shapes[I].size();
  std::vector<double> v = base::random_direction(size, I), along, u = std::vector<double>(size);
};

/// The distances of the rows of the last layer, an affine one, as the normalizer before it lets them act.
template <class Net> class row_distances {
 public:
  static constexpr std::size_t outputs = Net::output_size;

  explicit row_distances(const parameters<Net>&) {}

  /// |P G (w_c - w_j)| after the last `prepare`.
  [[nodiscard]] double value(std::size_t c, std::size_t j) const { return length[c * outputs + j]; }
  /// The gradient with respect to value(c, j): add to it, for either order of c and j; `backward` forgets it.
  [[nodiscard]] double& slope(std::size_t c, std::size_t j) { return slopes[c * outputs + j]; }

  /// Measures all distances.
  void prepare(const parameters<Net>& p) {
    if (!nowhere) nowhere = std::make_unique<parameters<Net>>();
    std::vector<double> row(columns);
    for_each_group([&](std::size_t g, std::size_t first, std::size_t count) {
      V* const z = differences.data() + g * columns;
      std::ranges::fill(x, V(0));
      fill_dy(first, count, [](std::size_t) { return 1.0; });
      gradient<L, In>(get<last>(p), x.data(), y.data(), dy.data(), z, get<last>(*nowhere));
      for (std::size_t s = 0; s < count; ++s) {
        for (std::size_t i = 0; i < columns; ++i) row[i] = base::gain_as<Net, before>(p, i) * base::lane_of(z[i], s);
        base::centre_as<Net, before>(row);
        double squares = 0;
        for (const double r : row) squares += r * r;
        const auto [c, j] = pairs[first + s];
        length[c * outputs + j] = length[j * outputs + c] = std::sqrt(squares);
      }
    });
  }

  /// dp += the sum of slope(c, j) times the gradient of value(c, j). @pre prepare(p) was called
  void backward(const parameters<Net>& p, parameters<Net>& dp) {
    std::vector<double> row(columns);
    for_each_group([&](std::size_t g, std::size_t first, std::size_t count) {
      const V* const z = differences.data() + g * columns;
      std::vector<std::array<real, width>> lanes(columns);
      std::array<double, width> along{};
      for (std::size_t s = 0; s < count; ++s) {
        const auto [c, j] = pairs[first + s];
        along[s] = length[c * outputs + j] > 0 ? (slope(c, j) + slope(j, c)) / length[c * outputs + j] : 0;
        slope(c, j) = slope(j, c) = 0;
        for (std::size_t i = 0; i < columns; ++i) row[i] = base::gain_as<Net, before>(p, i) * base::lane_of(z[i], s);
        base::centre_as<Net, before>(row);
        for (std::size_t i = 0; i < columns; ++i) {
          base::accumulate_gain<Net, before>(dp, i, along[s] * row[i] * base::lane_of(z[i], s));
          lanes[i][s] = static_cast<real>(base::gain_as<Net, before>(p, i) * row[i]);
        }
      }
      for (std::size_t i = 0; i < columns; ++i) x[i] = simd::load<V>(lanes[i].data());
      for (const double sign : {1.0, -1.0}) {  // the second time with x = 0: what the bias received is taken back
        fill_dy(first, count, [&](std::size_t s) { return sign * along[s]; });
        gradient<L, In>(get<last>(p), x.data(), y.data(), dy.data(), dx.data(), get<last>(dp));
        std::ranges::fill(x, V(0));
      }
    });
  }

 private:
  using V = base::pair_lane;
  using real = simd::element<V>;
  static constexpr std::size_t last = Net::depth - 1, width = simd::width<V>,
                               before = certificates::neighbours<Net>::normalizer_before(last);
  using L = layer_of<Net, last>;
  static constexpr shape In = Net::shapes[last];
  static constexpr std::size_t columns = In.size(), count_of_pairs = outputs * (outputs - 1) / 2,
                               groups = simd::ceil_div(count_of_pairs, width);

  void for_each_group(auto&& f) {
    for (std::size_t g = 0; g < groups; ++g) f(g, g * width, std::min(width, count_of_pairs - g * width));
  }
  // dy of lane s: factor(s) (e_c - e_j), {c, j} = pairs[first + s].
  void fill_dy(std::size_t first, std::size_t count, auto&& factor) {
    std::array<std::array<real, width>, outputs> lanes{};
    for (std::size_t s = 0; s < count; ++s) {
      const auto [c, j] = pairs[first + s];
      lanes[c][s] = static_cast<real>(factor(s)), lanes[j][s] = -static_cast<real>(factor(s));
    }
    for (std::size_t i = 0; i < outputs; ++i) dy[i] = simd::load<V>(lanes[i].data());
  }

  static std::vector<std::array<std::size_t, 2>> all_pairs() {
    std::vector<std::array<std::size_t, 2>> list;
    for (std::size_t c = 0; c < outputs; ++c)
      for (std::size_t j = 0; j < c; ++j) list.push_back({c, j});
    return list;
  }
  std::vector<std::array<std::size_t, 2>> pairs = all_pairs();
  std::vector<double> length = std::vector<double>(outputs * outputs), slopes = length;
  std::vector<V> differences = std::vector<V>(groups * columns), x = std::vector<V>(columns), dx = x,
                 y = std::vector<V>(outputs), dy = y;
  std::unique_ptr<parameters<Net>> nowhere;
};

}  // namespace taut
