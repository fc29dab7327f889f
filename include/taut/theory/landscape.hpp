// SPDX-License-Identifier: Apache-2.0
// How smooth a loss is near some parameters, along lines.
//
//   auto d = filter_normalized_direction(w, filters_of<Net>(), random);      // Li et al. 2018
//   const line_profile line = loss_along(loss, w, d, -1, 1, 41);             // line.loss[i] at w + line.step[i] d
//   const gradient_probe there = probe_along_gradient(loss, w, std::array{0.01, 0.1});    // Santurkar et al. 2018
//
// A loss is anything with value(w) and gradient(w, g), which returns the value (theory/batch_loss.hpp). Directions are
// as long as the filters they change: otherwise a network whose scale does not matter (net/scale_invariance.hpp)
// would look the flatter the larger its weights are. For the same reason probes state |w|, too: gradients of a
// function with L(aw) = L(w) fall with 1 / |w|, and its smoothness with 1 / |w|^2.
#pragma once
#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <span>
#include <taut/base/random.hpp>
#include <taut/theory/batch_loss.hpp>
#include <taut/theory/vectors.hpp>
#include <vector>

namespace taut {

/// A random direction in which each filter has the length of the same filter of w; 0 where no filter is: biases, gains.
[[nodiscard]] inline std::vector<double> filter_normalized_direction(std::span<const double> w,
                                                                     std::span<const filter> filters,
                                                                     base::random_stream& random) {
  std::vector<double> direction(w.size());
  for (const filter& f : filters) {
    const auto part = std::span(direction).subspan(f.first, f.size);
    for (double& x : part) x = random.normal();
    const double drawn = base::length(part), wanted = base::length(w.subspan(f.first, f.size));
    for (double& x : part) x *= drawn > 0 ? wanted / drawn : 0;
  }
  return direction;
}

/// A loss along a line, and how rough it is there.
struct line_profile {
  std::vector<double> step, loss;  ///< loss[i] at w + step[i] direction
  double rise = 0;                 ///< the largest loss less that at step 0, or at the step nearest to it
  double slope = 0;                ///< largest |difference of neighbours / difference of their steps|
  double curvature = 0;            ///< largest |second difference / square of the distance of steps|
};

/// The loss at `points` equidistant steps from `first` to `last`, either of which may be the larger one.
/// @pre points >= 3, first != last
template <class Loss> [[nodiscard]] line_profile loss_along(Loss& loss, std::span<const double> w,
                                                            std::span<const double> direction, double first,
                                                            double last, std::size_t points) {
  assert(points >= 3 && first != last);
  line_profile line;
  std::vector<double> moved(w.size());
  const double distance = (last - first) / static_cast<double>(points - 1);
  for (std::size_t i = 0; i < points; ++i) {
    const double step = first + distance * static_cast<double>(i);
    for (std::size_t k = 0; k < w.size(); ++k) moved[k] = w[k] + step * direction[k];
    line.step.push_back(step), line.loss.push_back(loss.value(moved));
  }
  const auto& l = line.loss;
  const auto near = std::ranges::min_element(line.step, {}, [](double s) { return std::abs(s); });
  line.rise = std::ranges::max(l) - l[static_cast<std::size_t>(near - line.step.begin())];
  for (std::size_t i = 0; i + 1 < points; ++i)
    line.slope = std::max(line.slope, std::abs((l[i + 1] - l[i]) / distance));
  for (std::size_t i = 1; i + 1 < points; ++i)
    line.curvature = std::max(line.curvature, std::abs((l[i + 1] - l[i]) - (l[i] - l[i - 1])) / (distance * distance));
  return line;
}

/// What steps of gradient descent from w meet, for some learning rates.
struct gradient_probe {
  double loss = 0, gradient = 0, weights = 0;  ///< at w: the loss, |gradient|, |w|
  double lowest = 0, highest = 0;              ///< of the losses at w - rate gradient
  double predictiveness = 0;                   ///< largest |gradient there - gradient|: 0 if it predicts itself
  double smoothness = 0;                       ///< largest |gradient there - gradient| / |rate gradient|
};

/// Looks along the gradient at w, at these learning rates. All numbers but those at w are 0 where the gradient is 0.
template <class Loss> [[nodiscard]] gradient_probe probe_along_gradient(Loss& loss, std::span<const double> w,
                                                                        std::span<const double> rates) {
  std::vector<double> here(w.size()), there(w.size()), moved(w.size());
  gradient_probe probe;
  probe.loss = probe.lowest = probe.highest = loss.gradient(w, here);
  probe.gradient = base::length(here), probe.weights = base::length(w);
  if (!(probe.gradient > 0)) return probe;
  for (const double rate : rates) {
    for (std::size_t k = 0; k < w.size(); ++k) moved[k] = w[k] - rate * here[k];
    const double value = loss.gradient(moved, there);
    probe.lowest = std::min(probe.lowest, value), probe.highest = std::max(probe.highest, value);
    for (std::size_t k = 0; k < w.size(); ++k) there[k] -= here[k];
    const double change = base::length(there);
    probe.predictiveness = std::max(probe.predictiveness, change);
    probe.smoothness = std::max(probe.smoothness, change / (rate * probe.gradient));
  }
  return probe;
}

}  // namespace taut
