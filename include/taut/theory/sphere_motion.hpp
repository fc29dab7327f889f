// SPDX-License-Identifier: Apache-2.0
// What gradient descent with weight decay does to weights w in which the loss is scale-invariant, L(aw) = L(w). Then
// <gradient, w> = 0, and only w / |w| matters (Lyu, Li, Arora 2022):
//
//   w <- (1 - rate decay) w - rate gradient       moves w / |w| as a step with effective_rate does on the unit sphere
//   |w|^2 <- (1 - rate decay)^2 |w|^2 + rate^2 |gradient|^2
//
// Its fixed point, for gradients of mean square G at w / |w|, is |w|^4 = rate G / (2 decay), to the first order in rate
// decay, and each step turns w by sqrt(2 rate decay). Momentum 0. Example: watched(sgd{...}, std::ref(recorder)).
#pragma once
#include <cmath>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <taut/theory/hessian.hpp>
#include <taut/theory/vectors.hpp>
#include <taut/train/watched.hpp>
#include <utility>
#include <vector>

namespace taut {

/// The learning rate of the step on the unit sphere: rate / ((1 - rate decay) |w|^2).
[[nodiscard]] inline double effective_rate(double rate, double decay, double squared_length) {
  return rate / ((1 - rate * decay) * squared_length);
}

/// The angle between two vectors, in [0, pi]; exact for small ones, too.
[[nodiscard]] inline double angle_between(std::span<const double> x, std::span<const double> y) {
  const std::vector<double> u = base::normalized(x), v = base::normalized(y);
  double apart = 0, together = 0;
  for (std::size_t i = 0; i < u.size(); ++i) {
    apart += (u[i] - v[i]) * (u[i] - v[i]);
    together += (u[i] + v[i]) * (u[i] + v[i]);
  }
  return 2 * std::atan2(std::sqrt(apart), std::sqrt(together));
}

/// |w| in equilibrium; gradient_square = mean |gradient at w / |w||^2.
[[nodiscard]] inline double equilibrium_length(double rate, double decay, double gradient_square) {
  return std::sqrt(std::sqrt(rate * gradient_square / (2 * decay)));
}

/// How far a step turns w in equilibrium, in radians.
[[nodiscard]] inline double equilibrium_angle(double rate, double decay) { return std::sqrt(2 * rate * decay); }

/// One step, seen from the sphere.
struct sphere_motion {
  std::size_t step = 0;
  double length = 0;          ///< |w| before the step
  double gradient = 0;        ///< |gradient| at w / |w|: |w| times that at w
  double effective_rate = 0;  ///< of the step
  double angle = 0;           ///< between w before and after
};

/// What a step from `before` to `after` against `gradient` did.
[[nodiscard]] inline sphere_motion motion_of(std::size_t step, std::span<const double> before,
                                             std::span<const double> after, std::span<const double> gradient,
                                             double rate, double decay) {
  const double size = base::length(before);
  return {step, size, size * base::length(gradient), effective_rate(rate, decay, size * size),
          angle_between(before, after)};
}

/// Records every `every`-th step of `fit`, of the elements chosen (theory/invariant_elements.hpp): for `watched`.
class sphere_recorder {
 public:
  /// `chosen`: positions in the vector of all parameters; `weight_decay`: that of the optimizer watched.
  /// @throws std::invalid_argument if every_steps is 0.
  sphere_recorder(std::vector<std::size_t> chosen, double weight_decay, std::size_t every_steps = 1)
      : elements(std::move(chosen)), decay(weight_decay), every(every_steps) {
    if (every == 0) throw std::invalid_argument("a recorder of every 0th step records none");
  }

  /// Records the step if its number is a multiple of every_steps.
  void operator()(const step_report& s) {
    if (s.step % every != 0) return;
    motions.push_back(motion_of(s.step, part_of(s.before), part_of(s.after), part_of(s.gradients), s.rate, decay));
  }
  /// The steps recorded so far.
  [[nodiscard]] const std::vector<sphere_motion>& recorded() const { return motions; }

 private:
  [[nodiscard]] std::vector<double> part_of(const auto& tensors) const {
    std::vector<double> all;
    for (const auto& t : tensors) all.insert(all.end(), t.begin(), t.end());
    return elements_of(all, elements);
  }
  std::vector<std::size_t> elements;
  double decay;
  std::size_t every;
  std::vector<sphere_motion> motions;
};

}  // namespace taut
