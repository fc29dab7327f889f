// SPDX-License-Identifier: Apache-2.0
// The other side of a bound: the largest |J(x)' u|, |u| = 1, that a search finds, a lower bound of the Lipschitz
// constant up to the rounding of double. Where it comes near a proved bound, both are tight.
//
//   const auto found = sampled_slope(p, {.starts = data});        // { value, at, points }
//
// From every start: u and v = J'u by power iteration, then x climbs along the difference of J'u between x + h v and
// x - h v, which sees beyond the linear pieces of ReLU networks. Every point counted keeps the declared floors (std >=
// min_std at each normalizer, by a step along its gradient where it is broken) and the box. Floors inside blocks are
// not looked at.
#pragma once
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <taut/base/random.hpp>
#include <taut/net/evaluate.hpp>
#include <taut/net/sector.hpp>
#include <tuple>
#include <vector>

namespace taut {

/// Where and how long to search.
struct sampling_options {
  std::span<const float> starts{};  ///< inputs behind each other, tried first
  std::size_t random_starts = 16;   ///< then normal ones of many lengths
  std::size_t steps = 60;           ///< of ascent from each start
  double lower = -std::numeric_limits<double>::max(), upper = std::numeric_limits<double>::max();  ///< the box
  std::uint64_t seed = 1;
};

/// What a search found.
struct sampled_bound {
  double value = 0;        ///< |J(at)' u|
  std::vector<double> at;  ///< empty if no start could be brought into the region
  std::size_t points = 0;  ///< in the region
};

namespace certificates {

/// A network in double, folded, that keeps its activations. @pre p outlives it.
template <class Net, class Real> class slopes_of_network {
  template <std::size_t... I> static auto hold(const parameters<Net, Real>& p, std::index_sequence<I...>) {
    return std::tuple<decltype(folded<I>(p))...>{folded<I>(p)...};
  }
  using holders = decltype(hold(std::declval<const parameters<Net, Real>&>(), std::make_index_sequence<Net::depth>{}));

 public:
  explicit slopes_of_network(const parameters<Net, Real>& p) : held(hold(p, std::make_index_sequence<Net::depth>{})) {
    for (std::size_t i = 0; i <= Net::depth; ++i) at[i].resize(Net::shapes[i].size());
    here.resize(base::largest_activation<Net>()), next.resize(here.size());
  }

  /// f(x), and the activations for what follows.
  const std::vector<double>& forward(const std::vector<double>& x) {
    at[0] = x;
    base::for_each_index<Net::depth>([&]<std::size_t I>() {
      taut::forward<folded_layer_of<Net, I>, Net::shapes[I]>(*std::get<I>(held), at[I].data(), at[I + 1].data());
    });
    return at[Net::depth];
  }
  /// J'u at the x of the last forward.
  const std::vector<double>& backward(const std::vector<double>& u) { return backward_from<Net::depth>(u); }
  /// Calls visit(std, floor, gradient of the std) for each run of a normalizer whose std is below (1 + margin) floor.
  void broken_floors(double margin, auto&& visit) {
    base::for_each_index<Net::depth>([&]<std::size_t I>() {
      using L = layer_of<Net, I>;
      if constexpr (L::reads == fusion::normalizer) {
        constexpr pooling runs = L::pooled(Net::shapes[I]);
        if constexpr (constexpr double floor = declared_floor<L>(); floor > 0) {
          for (std::size_t run = 0; run < runs.groups; ++run) {
            const double* const x = at[I].data() + run * runs.size;
            const auto s = normalizer::measure<L>(x, runs.size);
            const double std = std::sqrt(s.variance);
            if (!(std < floor * (1 + margin))) continue;
            std::vector<double> seed(at[I].size());
            for (std::size_t i = 0; i < runs.size; ++i)
              seed[run * runs.size + i] = s.centre(x[i]) / (static_cast<double>(runs.size) * std);
            visit(std, floor, backward_from<I>(seed));
          }
        }
      }
    });
  }

 private:
  template <std::size_t End> const std::vector<double>& backward_from(const std::vector<double>& u) {
    std::copy(u.begin(), u.end(), here.begin());
    base::for_each_index<End>([&]<std::size_t J>() {
      constexpr std::size_t I = End - 1 - J;
      using P = std::remove_cvref_t<decltype(*std::get<I>(held))>;
      const base::buffer<P> waste(1);  // the parameters' gradients, which nobody asked for
      taut::gradient<folded_layer_of<Net, I>, Net::shapes[I]>(*std::get<I>(held), at[I].data(), at[I + 1].data(),
                                                              here.data(), next.data(), *waste.at);
      here.swap(next);
    });
    result.assign(here.begin(), here.begin() + Net::input_size);
    return result;
  }

  holders held;
  std::array<std::vector<double>, Net::depth + 1> at;
  std::vector<double> here, next, result;
};

inline double length_of(const std::vector<double>& x) {
  double sum = 0;
  for (const double v : x) sum += v * v;
  return std::sqrt(sum);
}
/// x += f y
inline void add_to(std::vector<double>& x, double f, const std::vector<double>& y) {
  for (std::size_t i = 0; i < x.size(); ++i) x[i] += f * y[i];
}

/// One climber.
template <class Net, class Real> class slope_search {
  using vector = std::vector<double>;

 public:
  slope_search(const parameters<Net, Real>& p, const sampling_options& o) : options(o), f(p), random(o.seed) {}

  sampled_bound run() {
    const std::size_t given = options.starts.size() / Net::input_size;
    vector x(Net::input_size);
    for (std::size_t start = 0; start < given + options.random_starts; ++start) {
      const double scale = std::exp(random.uniform(-2, 3));
      for (std::size_t i = 0; i < x.size(); ++i)
        x[i] = start < given ? static_cast<double>(options.starts[start * x.size() + i]) : scale * random.normal();
      if (enter(x)) climb(x);
    }
    return best;
  }

 private:
  // Moves x into the box and above the floors; false if that fails.
  bool enter(vector& x) {
    for (int attempt = 0; attempt < 25; ++attempt) {
      for (double& v : x) v = std::min(std::max(v, options.lower), options.upper);
      f.forward(x);
      bool holds = true;
      vector step(x.size());
      f.broken_floors(0, [&](double std, double floor, const vector& slope) {
        const double size = length_of(slope);
        if (size > 0) add_to(step, (floor * (1 + 1e-7) - std) / (size * size), slope);
        holds = false;
      });
      if (holds) return true;
      add_to(x, 1, step);
    }
    return false;
  }
  // v = J'u / |J'u| and u = Jv / |Jv|, a few times over; returns |J'u|. @post the activations are those of x.
  double steepest(const vector& x, vector& u, vector& v, int times) {
    double value = 0;
    for (int step = 0; step < times; ++step) {
      if (step > 0) {
        const double h = 1e-5 * (1 + length_of(x));
        vector ahead = x, behind = x;
        add_to(ahead, h, v), add_to(behind, -h, v);
        vector y = f.forward(ahead);
        add_to(y, -1, f.forward(behind));
        const double size = length_of(y);
        if (!(size > 0)) break;
        for (std::size_t i = 0; i < u.size(); ++i) u[i] = y[i] / size;
      }
      f.forward(x);
      v = f.backward(u);
      value = length_of(v);
      if (!(value > 0)) break;
      for (double& e : v) e /= value;
    }
    f.forward(x);
    return value;
  }
  void climb(vector x) {
    vector u(Net::output_size), v;
    for (double& e : u) e = random.normal();
    const double size = length_of(u);
    for (double& e : u) e /= size;
    double value = steepest(x, u, v, 8), stride = 0.3;
    note(x, value);
    for (std::size_t step = 0; step < options.steps && stride > 1e-5; ++step) {
      vector uphill = direction(x, u, v, step);
      const double steepness = length_of(uphill);
      if (!(steepness > 0)) break;
      vector next = x, next_u = u, next_v;
      add_to(next, stride * (0.01 + length_of(x)) / steepness, uphill);
      if (!enter(next)) {
        stride *= 0.5;
        continue;
      }
      const double reached = steepest(next, next_u, next_v, 3);
      note(next, reached);
      if (reached > value) x = next, u = next_u, v = next_v, value = reached, stride *= 1.5;
      else stride *= 0.6;
    }
  }
  // The ascent of |J'u|, along the floors that are nearly reached.
  vector direction(const vector& x, const vector& u, const vector& v, std::size_t step) {
    const double h = (0.01 + length_of(x)) * (step % 2 == 0 ? 0.02 : 0.2);
    vector ahead = x, behind = x;
    add_to(ahead, h, v), add_to(behind, -h, v);
    f.forward(ahead);
    vector uphill = f.backward(u);
    f.forward(behind);
    add_to(uphill, -1, f.backward(u));
    if (const double size = length_of(uphill); step % 7 == 6 || !(size > 0))
      for (double& e : uphill) e += (size > 0 ? size : 1) * random.normal() * 0.3;
    f.forward(x);
    f.broken_floors(1e-3, [&](double, double, const vector& slope) {
      double along = 0, square = 0;
      for (std::size_t i = 0; i < slope.size(); ++i) along += slope[i] * uphill[i], square += slope[i] * slope[i];
      if (along < 0 && square > 0) add_to(uphill, -along / square, slope);
    });
    return uphill;
  }
  void note(const vector& x, double value) {
    ++best.points;
    if (best.at.empty() || value > best.value) best.value = value, best.at = x;
  }

  sampling_options options;
  slopes_of_network<Net, Real> f;
  base::random_stream random;
  sampled_bound best;
};

}  // namespace certificates

/// The largest norm of the Jacobian that a search finds in the region that the declared floors and the box name: a
/// lower bound of every Lipschitz constant on it, rounding of double apart.
template <class Net, class Real>
sampled_bound sampled_slope(const parameters<Net, Real>& p, const sampling_options& options = {}) {
  return certificates::slope_search<Net, Real>(p, options).run();
}

}  // namespace taut
