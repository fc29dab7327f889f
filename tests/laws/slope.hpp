// SPDX-License-Identifier: Apache-2.0
// The steepest pair of inputs that a search finds: |f(a) - f(b)| / |a - b| over random pairs improved by gradient
// ascent. Every std of both inputs is at least the declared floor. A lower bound of the Lipschitz constant, so a bound
// that is smaller is refuted.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "laws/support.hpp"

namespace taut::tests {

/// How much work a search may spend.
struct search_effort {
  std::size_t starts = 6;
  std::size_t steps = 60;
  double shortest = 1e-4;  ///< smallest |a - b| relative to |a| + 1: below, rounding would pass for slope
};

/// What a search found.
struct steepest {
  double random = 0;      ///< the largest slope of the random pairs
  double climbed = 0;     ///< the largest slope of all pairs
  std::size_t pairs = 0;  ///< pairs that kept the floors
};

/// Searches a network of n inputs, of which f and g are two copies, for its steepest pair.
[[gnu::noinline]] inline steepest steepest_pair(differentiable_network& f, differentiable_network& g, std::size_t n,
                                                std::size_t outputs, std::uint64_t seed, const search_effort& effort) {
  using vector = std::vector<double>;
  base::random_stream random(seed);
  steepest found;

  vector difference(outputs), gap(n);
  const auto slope_of = [&](const vector& a, const vector& b) {  // -1 where a floor is broken or the pair is too close
    const auto y = f.forward(a), z = g.forward(b);
    if (f.room() < 0 || g.room() < 0) return -1.0;
    for (std::size_t i = 0; i < n; ++i) gap[i] = a[i] - b[i];
    for (std::size_t i = 0; i < difference.size(); ++i) difference[i] = y[i] - z[i];
    const double distance = norm(gap);
    return distance < effort.shortest * (1 + norm(a)) ? -1.0 : norm(difference) / distance;
  };

  for (std::size_t start = 0; start < effort.starts; ++start) {
    vector a, b;
    double slope = -1;
    for (std::size_t attempt = 0; attempt < 40 && slope < 0; ++attempt) {
      const double scale = std::exp(random.uniform(-3, 3)), reach = scale * std::exp(random.uniform(-6, 1.5));
      a = random_vector(random, n, scale), b = a;
      for (double& v : b) v += reach * random.normal();
      if (random.below(4) == 0)
        for (std::size_t i = 0; i < n; ++i) b[i] = -a[i];
      slope = slope_of(a, b);
    }
    if (slope < 0) continue;
    ++found.pairs;
    found.random = std::max(found.random, slope);
    double length = 0.3;
    for (std::size_t step = 0; step < effort.steps && length > 1e-6; ++step) {
      slope_of(a, b);
      const double rise = norm(difference), distance = norm(gap);
      if (rise == 0) break;
      vector u = difference;
      for (double& v : u) v /= rise;
      const auto at_a = f.backward(u), at_b = g.backward(u);
      vector toward_a(n), toward_b(n);
      for (std::size_t i = 0; i < n; ++i) {
        const double outward = gap[i] * rise / (distance * distance);
        toward_a[i] = at_a[i] - outward, toward_b[i] = outward - at_b[i];
      }
      const double size = std::hypot(norm(toward_a), norm(toward_b));
      if (!(size > 0)) break;
      const double move = length * std::max(distance, 0.01 * norm(a)) / size;
      vector next_a = a, next_b = b;
      for (std::size_t i = 0; i < n; ++i) next_a[i] += move * toward_a[i], next_b[i] += move * toward_b[i];
      const double reached = slope_of(next_a, next_b);
      if (reached > slope) a = next_a, b = next_b, slope = reached, length *= 1.6;
      else length *= 0.4;
    }
    found.climbed = std::max(found.climbed, slope);
  }
  found.climbed = std::max(found.climbed, found.random);
  return found;
}

/// The same of the network with these parameters.
template <class Net>
steepest steepest_pair(const parameters<Net>& p, std::uint64_t seed, const search_effort& effort = {}) {
  differentiable<Net> f(p), g(p);
  return steepest_pair(f, g, Net::input_size, Net::output_size, seed, effort);
}

/// Whether an observed slope is no evidence against a bound: rounding of double is allowed for.
inline bool is_below(double slope, double bound) { return slope <= bound * (1 + 1e-9) + 1e-9; }

}  // namespace taut::tests
