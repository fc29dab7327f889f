// SPDX-License-Identifier: Apache-2.0
// Full-batch gradient descent with weight decay, watched as theory watches it:
//
//   w <- (1 - rate decay) w - rate gradient
//
//   const descent run = descend(loss, w, {.rate = 0.5, .decay = 2e-3, .steps = 10000, .every = 100}, test_error);
//   run.moments.back().product;                    // effective rate * spherical sharpness: the edge of stability is 2
//
// `loss` writes the gradient and returns the loss, as batch_loss::gradient does.
#pragma once
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <stdexcept>
#include <taut/theory/hessian.hpp>
#include <taut/theory/lanczos.hpp>
#include <taut/theory/sharpness.hpp>
#include <taut/theory/sphere_motion.hpp>
#include <taut/theory/vectors.hpp>
#include <vector>

namespace taut {

/// How to descend and how often to look.
struct descent_options {
  double rate = 0.1, decay = 0;
  std::size_t steps = 1000, every = 10;  ///< every > 0: steps between two moments
  bool scale_invariant = true;  ///< whether the loss depends on w / |w| alone: if not, sharpness is that of H(w)
  double converged = 1e-6;      ///< the first loss below it is a moment of its own
  double hessian_step = second_derivative_step;
  double tolerance = 1e-4;  ///< of the sharpness
};

/// What is seen before a step.
struct descent_moment {
  std::size_t step = 0;
  double loss = 0;
  double sharpness = 0;  ///< spherical, or the largest eigenvalue of H(w) where the scale of w matters
  double product = 0;    ///< effective rate * spherical sharpness, or rate * sharpness
  double length = 0;     ///< |w|
  double angle = 0;      ///< by which the step turns w
  double measured = 0;   ///< whatever `measure` says of w
};

/// A whole run, moments every `every` steps and at the end.
struct descent {
  std::vector<descent_moment> moments;
  std::optional<descent_moment> convergence;  ///< when the loss first fell below options.converged
};

/// Descends from w, which holds the last weights afterwards. `measure` is called at moments only, right after the loss
/// was evaluated at w. @throws std::invalid_argument if options.every is 0.
inline descent descend(const std::function<double(std::span<const double>, std::span<double>)>& loss,
                       std::vector<double>& w, const descent_options& options,
                       const std::function<double(std::span<const double>)>& measure = {}) {
  if (options.every == 0) throw std::invalid_argument("descent: 0 steps between two moments");
  const gradient_field field = [&loss](std::span<const double> at, std::span<double> g) { loss(at, g); };
  std::vector<double> g(w.size()), next(w.size()), guess;
  const auto look = [&](std::size_t step, double value) {
    const lanczos_options search{.largest_space = 40, .tolerance = options.tolerance, .start = guess};
    const eigenpair top = options.scale_invariant
                              ? spherical_sharpness(field, w, search, options.hessian_step)
                              : largest_eigenpair(hessian_operator(field, w, options.hessian_step), w.size(), search);
    guess = top.vector;
    const double size = base::length(w);
    const double effective =
        options.scale_invariant ? effective_rate(options.rate, options.decay, size * size) : options.rate;
    loss(w, g);
    return descent_moment{
        step, value, top.value, effective * top.value, size, angle_between(w, next), measure ? measure(w) : 0};
  };
  descent run;
  for (std::size_t step = 0; step <= options.steps; ++step) {
    const double value = loss(w, g);
    for (std::size_t i = 0; i < w.size(); ++i)
      next[i] = (1 - options.rate * options.decay) * w[i] - options.rate * g[i];
    if (!run.convergence && value < options.converged) run.convergence = look(step, value);
    if (step % options.every == 0 || step == options.steps) run.moments.push_back(look(step, value));
    if (step < options.steps) w.swap(next);
  }
  return run;
}

}  // namespace taut
