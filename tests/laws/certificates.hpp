// SPDX-License-Identifier: Apache-2.0
// The enemy of certificates: moves an input inside a ball by gradient descent on a margin in double, then to the nearest
// float input inside the ball.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "laws/support.hpp"

namespace taut::tests {

/// The first of the largest.
template <class Range> std::size_t label_of(const Range& y) {
  return static_cast<std::size_t>(std::max_element(y.begin(), y.end()) - y.begin());
}

/// Who moves x.
template <class Net> class attacker {
 public:
  attacker(const parameters<Net>& from, const std::vector<float>& middle)
      : p(from), f(from), x(middle.begin(), middle.end()) {}

  /// Gradient descent on the margin of `label` over `other`, projected onto the ball; the best direction found.
  std::vector<double> toward(std::size_t label, std::size_t other, double radius, base::random_stream& random) {
    std::vector<double> delta = random_vector(random, x.size()), u(Net::output_size);
    project(delta, radius * random.uniform(), true);
    for (int step = 0; step < 30; ++step) {
      auto at = x;
      for (std::size_t i = 0; i < at.size(); ++i) at[i] += delta[i];
      f.forward(at);
      std::fill(u.begin(), u.end(), 0.0);
      u[label] = 1, u[other] = -1;
      const auto slope = f.backward(u);
      const double size = norm(slope);
      if (!(size > 0)) break;
      for (std::size_t i = 0; i < delta.size(); ++i) delta[i] -= slope[i] / size * radius * 0.3;
      project(delta, radius, step == 29);
    }
    return delta;
  }
  static void project(std::vector<double>& delta, double radius, bool onto_sphere) {
    const double size = norm(delta);
    if (size > radius || onto_sphere)
      for (double& v : delta) v *= radius / size;
  }
  /// The float input next to x + delta that is closer to x than the radius; x itself if there is none.
  std::vector<float> nearest(std::vector<double> delta, double radius) const {
    std::vector<float> at(x.size());
    for (int attempt = 0; attempt < 60; ++attempt) {
      double squares = 0;
      for (std::size_t i = 0; i < x.size(); ++i) {
        at[i] = static_cast<float>(x[i] + delta[i]);
        const double moved = static_cast<double>(at[i]) - x[i];
        squares += moved * moved;
      }
      if (std::sqrt(squares) < radius * (1 - 1e-12)) return at;
      for (double& v : delta) v *= attempt < 20 ? 1 - 1e-8 * std::exp2(attempt) : 0.7;
    }
    return {x.begin(), x.end()};
  }
  /// The label of x + delta is kept in double, and at the float input nearest to it by the engine.
  template <class Engine>
  bool keeps(const Engine& engine, std::size_t label, const std::vector<double>& delta, double radius) {
    auto at = x;
    for (std::size_t i = 0; i < at.size(); ++i) at[i] += delta[i];
    const auto exact = evaluate(p, at);
    const auto shown = engine(nearest(delta, radius));
    return label_of(exact) == label && label_of(shown) == label;
  }

 private:
  const parameters<Net>& p;
  differentiable<Net> f;
  std::vector<double> x;
};

}  // namespace taut::tests
