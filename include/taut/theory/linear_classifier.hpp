// SPDX-License-Identifier: Apache-2.0
// What linear classifiers reach on labelled data: argmax_c (w_c . x + b_c), by least squares on one-hot targets and by
// multinomial logistic regression until it gains next to nothing, both in double.
//
// Both use G = sum x x' (x with a 1 behind it). Least squares solves G W = sum x y'; logistic regression runs L-BFGS
// (Liu, Nocedal 1989) whose first guess of the inverse Hessian is a multiple of G^-1: the Hessian lies below G/2 for
// every class (Boehning 1992), and is near p (1 - p) G where no class is certain, so tens of iterations do.
// Example: best_linear_classifier(data).accuracy.
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <deque>
#include <span>
#include <stdexcept>
#include <taut/theory/cholesky.hpp>
#include <taut/theory/vectors.hpp>
#include <taut/train/dataset.hpp>
#include <utility>
#include <vector>

namespace taut {

/// Scores of classes that are affine in the features; the label is the class of the largest.
struct linear_classifier {
  std::size_t features = 0, classes = 0;
  std::vector<double> weights;  ///< [feature][class], and behind them the biases [class]

  /// The label of a sample; the first of equal scores, as argmax does. @throws std::invalid_argument unless x has as
  /// many elements as there are features.
  [[nodiscard]] std::size_t operator()(std::span<const float> x) const {
    if (x.size() != features) throw std::invalid_argument("a linear classifier reads as many features as it was given");
    std::vector<double> score(weights.end() - static_cast<std::ptrdiff_t>(classes), weights.end());
    for (std::size_t k = 0; k < features; ++k)
      for (std::size_t c = 0; c < classes; ++c) score[c] += static_cast<double>(x[k]) * weights[k * classes + c];
    return static_cast<std::size_t>(std::ranges::max_element(score) - score.begin());
  }
};

namespace base {

/// @throws std::invalid_argument unless there are samples with a label each.
inline void require_labelled(const dataset& data) {
  if (data.size() == 0 || data.labels.size() != data.size())
    throw std::invalid_argument("a linear classifier needs samples with one label each");
}

}  // namespace base

/// The share of samples that a classifier labels rightly. @throws std::invalid_argument without a sample, or if samples
/// have not one label each or not the classifier's features.
[[nodiscard]] inline double accuracy(const linear_classifier& classifier, const dataset& data) {
  base::require_labelled(data);
  std::size_t right = 0;
  for (std::size_t i = 0; i < data.size(); ++i) right += classifier(data.input(i)) == data.labels[i] ? 1 : 0;
  return static_cast<double>(right) / static_cast<double>(data.size());
}

namespace base {

/// G + ridge I, factored: G = sum x x' over samples with a 1 behind their features.
inline cholesky gram_factor(const dataset& data) {
  const std::size_t n = data.features() + 1;
  std::vector<double> x(n, 1.0), gram(n * n);
  for (std::size_t s = 0; s < data.size(); ++s) {
    std::ranges::copy(data.input(s), x.begin());
    for (std::size_t i = 0; i < n; ++i)
      if (x[i] != 0)
        for (std::size_t j = 0; j <= i; ++j) gram[i * n + j] += x[i] * x[j];
  }
  double mean = 0;
  for (std::size_t i = 0; i < n; ++i) mean += gram[i * n + i] / static_cast<double>(n);
  for (std::size_t i = 0; i < n; ++i) gram[i * n + i] += 1e-10 * mean;
  return {std::move(gram), n, 1e-14 * mean};
}

/// What logistic regression minimises: mean loss, its gradient, and how many samples are labelled rightly.
struct logistic_value {
  double loss = 0;
  std::size_t right = 0;
  std::vector<double> gradient;
};

/// Scores and their gradients for all samples, classes in blocks of eight so that they are vectors.
inline logistic_value logistic_loss(const dataset& data, std::size_t classes, const std::vector<double>& weights) {
  constexpr std::size_t block = 8;
  using eight = std::array<double, block>;
  const std::size_t n = data.features() + 1, blocks = (classes + block - 1) / block;
  std::vector<eight> w(n * blocks), slope(n * blocks), score(blocks);
  for (std::size_t k = 0; k < n; ++k)
    for (std::size_t c = 0; c < classes; ++c) w[k * blocks + c / block][c % block] = weights[k * classes + c];
  logistic_value result;
  for (std::size_t s = 0; s < data.size(); ++s) {
    const std::span<const float> x = data.input(s);
    const std::size_t label = data.labels[s];
    for (std::size_t b = 0; b < blocks; ++b) {
      eight sum = w[(n - 1) * blocks + b];
      for (std::size_t k = 0; k + 1 < n; ++k)
        if (const double value = static_cast<double>(x[k]); value != 0)
          for (std::size_t c = 0; c < block; ++c) sum[c] += value * w[k * blocks + b][c];
      score[b] = sum;
    }
    const auto at = [&](std::size_t c) -> double& { return score[c / block][c % block]; };
    std::size_t top = 0;
    for (std::size_t c = 1; c < classes; ++c) top = at(c) > at(top) ? c : top;
    result.right += top == label ? 1 : 0;
    const double largest = at(top), own = at(label) - largest;
    double total = 0;
    for (std::size_t c = 0; c < classes; ++c) total += at(c) = std::exp(at(c) - largest);
    for (std::size_t c = 0; c < blocks * block; ++c) at(c) = c < classes ? at(c) / total : 0;
    at(label) -= 1;
    result.loss += std::log(total) - own;
    for (std::size_t b = 0; b < blocks; ++b) {
      const eight d = score[b];
      for (std::size_t k = 0; k + 1 < n; ++k)
        if (const double value = static_cast<double>(x[k]); value != 0)
          for (std::size_t c = 0; c < block; ++c) slope[k * blocks + b][c] += value * d[c];
      for (std::size_t c = 0; c < block; ++c) slope[(n - 1) * blocks + b][c] += d[c];
    }
  }
  const double share = 1 / static_cast<double>(data.size());
  result.loss *= share;
  result.gradient.resize(n * classes);
  for (std::size_t k = 0; k < n; ++k)
    for (std::size_t c = 0; c < classes; ++c)
      result.gradient[k * classes + c] = share * slope[k * blocks + c / block][c % block];
  return result;
}

/// @throws std::invalid_argument unless there are samples with a label each, and features are finite.
inline void require_fittable(const dataset& data) {
  require_labelled(data);
  for (std::size_t s = 0; s < data.size(); ++s)
    if (!std::ranges::all_of(data.input(s), [](float x) { return std::isfinite(x); }))
      throw std::invalid_argument("a linear classifier needs features that are finite");
}

/// The largest label + 1. @pre there is a sample
inline std::size_t count_classes(const dataset& data) { return *std::ranges::max_element(data.labels) + 1; }

/// Of one-hot targets; `gram` is gram_factor(data).
inline linear_classifier least_squares(const dataset& data, const cholesky& gram) {
  const std::size_t classes = count_classes(data), n = data.features() + 1;
  linear_classifier result{data.features(), classes, std::vector<double>(n * classes)};
  for (std::size_t s = 0; s < data.size(); ++s) {
    double* const column = result.weights.data() + data.labels[s];
    for (std::size_t k = 0; k + 1 < n; ++k) column[k * classes] += static_cast<double>(data.input(s)[k]);
    column[(n - 1) * classes] += 1;
  }
  gram.solve(result.weights);
  return result;
}

}  // namespace base

/// When to stop minimising the loss of logistic regression.
struct logistic_options {
  std::size_t iterations = 1000;
  double tolerance = 1e-7;  ///< of g' (G/n)^-1 g, g the gradient of the mean loss: what one step is sure to gain
  double gain = 1e-4;  ///< stop when 20 steps gain less than this in the mean loss (nats): features that few samples
                       ///< have can lead it down forever, though not far
};

/// What logistic regression came to.
struct logistic_fit {
  linear_classifier classifier;
  double loss = 0;             ///< mean cross-entropy in nats
  std::size_t iterations = 0;  ///< steps of L-BFGS
  bool converged = false;      ///< stopped by the tolerance, the gain or rounding, or every sample is labelled rightly
};

namespace base {

/// L-BFGS from weights 0; `gram` is gram_factor(data).
inline logistic_fit logistic(const dataset& data, const cholesky& gram, const logistic_options& options) {
  const std::size_t classes = count_classes(data), n = data.features() + 1;
  constexpr std::size_t memory = 10;
  struct pair {
    std::vector<double> step, change;
    double curvature;
  };
  std::deque<pair> pairs;
  std::vector<double> weights(n * classes), losses;
  logistic_value here = logistic_loss(data, classes, weights);
  logistic_fit fit{{data.features(), classes, {}}, 0, 0, false};
  const double samples = static_cast<double>(data.size());
  for (;; ++fit.iterations) {
    std::vector<double> natural = here.gradient;
    gram.solve(natural);
    losses.push_back(here.loss);
    fit.converged = dot(natural, here.gradient) * samples <= options.tolerance || here.right == data.size() ||
                    (losses.size() > 20 && losses[losses.size() - 21] - here.loss < options.gain);
    if (fit.converged || fit.iterations == options.iterations) break;

    std::vector<double> direction = here.gradient, past;  // the two loops of L-BFGS around 2 n G^-1
    for (auto p = pairs.rbegin(); p != pairs.rend(); ++p) {
      past.push_back(dot(p->step, direction) / p->curvature);
      add(direction, -past.back(), p->change);
    }
    gram.solve(direction);
    double scale = 2 * samples;
    if (!pairs.empty()) {
      std::vector<double> solved = pairs.back().change;
      gram.solve(solved);
      scale = pairs.back().curvature / dot(solved, pairs.back().change);
    }
    for (double& d : direction) d *= -scale;
    for (const pair& p : pairs) {
      add(direction, -past.back() - dot(p.change, direction) / p.curvature, p.step);
      past.pop_back();
    }

    const double slope = dot(direction, here.gradient);
    double length = 1;
    std::vector<double> there = weights;
    add(there, length, direction);
    logistic_value next = logistic_loss(data, classes, there);
    while (!(next.loss <= here.loss + 1e-4 * length * slope) && length > 1e-8) {
      length /= 2;
      there = weights;
      add(there, length, direction);
      next = logistic_loss(data, classes, there);
    }
    if (!(next.loss < here.loss)) {  // rounding is all that is left
      fit.converged = true;
      break;
    }
    pair latest{there, next.gradient, 0};
    add(latest.step, -1, weights);
    add(latest.change, -1, here.gradient);
    latest.curvature = dot(latest.step, latest.change);
    if (latest.curvature > 0) pairs.push_back(std::move(latest));
    if (pairs.size() > memory) pairs.pop_front();
    weights = std::move(there), here = std::move(next);
  }
  fit.loss = here.loss, fit.classifier.weights = std::move(weights);
  return fit;
}

}  // namespace base

/// Least squares on one-hot targets, with a ridge of 1e-10 of the mean squared feature against features that depend on
/// others. Time: samples * features^2 / 2 multiply-adds. @throws std::invalid_argument without a sample, or if samples
/// have not one label each or not finite features.
[[nodiscard]] inline linear_classifier least_squares_classifier(const dataset& data) {
  base::require_fittable(data);
  return base::least_squares(data, base::gram_factor(data));
}

/// Multinomial logistic regression without a penalty, until it gains next to nothing (logistic_options): the loss is
/// convex, but where it is nearly flat a minimum may be further down. Separable data, where there is none, until every
/// sample is labelled rightly. @throws std::invalid_argument as least_squares_classifier.
[[nodiscard]] inline logistic_fit logistic_classifier(const dataset& data, const logistic_options& options = {}) {
  base::require_fittable(data);
  return base::logistic(data, base::gram_factor(data), options);
}

/// The better of two linear classifiers.
struct linear_reference {
  double accuracy = 0;  ///< on the data themselves: the larger of the next two
  double least_squares_accuracy = 0, logistic_accuracy = 0;
  logistic_fit logistic;
};

/// How well least squares and logistic regression label the data that they are fitted to. Finding the linear classifier
/// with the fewest errors is NP-hard; these are the two that anyone would take. @throws std::invalid_argument as they.
[[nodiscard]] inline linear_reference best_linear_classifier(const dataset& data,
                                                             const logistic_options& options = {}) {
  base::require_fittable(data);
  const cholesky gram = base::gram_factor(data);
  linear_reference r;
  r.least_squares_accuracy = accuracy(base::least_squares(data, gram), data);
  r.logistic = base::logistic(data, gram, options);
  r.logistic_accuracy = accuracy(r.logistic.classifier, data);
  r.accuracy = std::max(r.least_squares_accuracy, r.logistic_accuracy);
  return r;
}

}  // namespace taut
