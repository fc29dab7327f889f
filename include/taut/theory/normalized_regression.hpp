// SPDX-License-Identifier: Apache-2.0
// Linear regression through one batch-normalized unit without gain, in closed form: the minimisers of
//
//   L(w) = |z - y|^2 / n,     z = X w standardised,     y standardised,     X = inputs less their mean, n x d
//
// are the w with X w = s y, s > 0. There H = 2 / (n s^2) X' Q X with Q = I - y y' / n, and so, K = X X', on the sphere
//
//   spherical sharpness = (2/n) lambda_1(Q K Q) |w|^2 / std(X w)^2  >=  (2/n) lambda_1(Q K Q) y' K^+ y,
//
// with equality for the minimum-norm interpolator w* = X' K^+ y and its multiples alone: it is the flattest.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <span>
#include <stdexcept>
#include <taut/theory/symmetric_eigen.hpp>
#include <taut/theory/vectors.hpp>
#include <utility>
#include <vector>

namespace taut {

/// Numbers with mean 0 and mean square 1. @throws std::invalid_argument if they are all the same.
[[nodiscard]] inline std::vector<double> standardized(std::span<const double> numbers) {
  std::vector<double> z(numbers.begin(), numbers.end());
  const double n = static_cast<double>(z.size());
  double mean = 0;
  for (const double value : z) mean += value / n;
  for (double& value : z) value -= mean;
  const double std = base::length(z) / std::sqrt(n);
  const bool same = std::ranges::adjacent_find(numbers, std::not_equal_to{}) == numbers.end();  // std may be rounding
  if (same || !(std > 0)) throw std::invalid_argument("numbers that are all the same cannot be standardised");
  for (double& value : z) value /= std;
  return z;
}

/// The regression of standardised targets.
class normalized_regression {
 public:
  /// inputs[sample][feature], a target for each sample. @throws std::invalid_argument if the sizes do not fit or no
  /// weights reach the targets.
  normalized_regression(std::vector<double> inputs, std::span<const double> given)
      : x(std::move(inputs)), y(standardized(given)), n(y.size()), d(x.size() / n) {
    if (x.size() != n * d || d == 0) throw std::invalid_argument("the inputs are not one row for each target");
    for (std::size_t j = 0; j < d; ++j) {
      double mean = 0;
      for (std::size_t i = 0; i < n; ++i) mean += x[i * d + j] / static_cast<double>(n);
      for (std::size_t i = 0; i < n; ++i) x[i * d + j] -= mean;
    }
    std::vector<double> gram(n * n);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j <= i; ++j) gram[i * n + j] = gram[j * n + i] = base::dot(row(i), row(j));
    solve(gram);
    curvature = curvature_of(gram);
  }

  /// Mean 0, mean square 1.
  [[nodiscard]] const std::vector<double>& targets() const { return y; }
  /// w* = X' K^+ y: of all w with X w = y, the shortest.
  [[nodiscard]] const std::vector<double>& minimum_norm() const { return shortest; }
  /// The spherical sharpness of w*, the least of all minimisers.
  [[nodiscard]] double least_sharpness() const { return curvature * base::dot(shortest, shortest); }
  /// The spherical sharpness of any minimiser w.
  [[nodiscard]] double sharpness_at(std::span<const double> w) const {
    double squares = 0;
    for (std::size_t i = 0; i < n; ++i) squares += base::dot(row(i), w) * base::dot(row(i), w);
    return curvature * base::dot(w, w) * static_cast<double>(n) / squares;
  }
  /// The sharpness-reduction flow (theory/sharpness.hpp) at tau, from a minimiser of this sharpness: with theta the
  /// angle to w*, sharpness = least / cos^2 theta, and tan theta falls with exp(-tau).
  [[nodiscard]] double flow(double sharpness, double tau) const {
    return least_sharpness() + (sharpness - least_sharpness()) * std::exp(-2 * tau);
  }

 private:
  [[nodiscard]] std::span<const double> row(std::size_t i) const { return std::span(x).subspan(i * d, d); }

  // shortest = X' K^+ y.
  void solve(std::span<const double> gram) {
    const eigen_decomposition k = symmetric_eigen(gram, n);
    std::vector<double> dual(n), reached(n);
    for (std::size_t i = 0; i < n; ++i)
      if (k.values[i] > 1e-10 * k.values.back()) {
        const double part = base::dot(k.vector(i), y);
        base::add(dual, part / k.values[i], k.vector(i));
        base::add(reached, part, k.vector(i));
      }
    base::add(reached, -1, y);
    if (base::length(reached) > 1e-6 * base::length(y))
      throw std::invalid_argument("no weights reach the targets: the inputs span too little");
    shortest.assign(d, 0);
    for (std::size_t i = 0; i < n; ++i) base::add(shortest, dual[i], row(i));
  }
  // (2/n) lambda_1(Q K Q).
  [[nodiscard]] double curvature_of(std::vector<double> k) const {
    const auto project = [&](std::size_t first, std::size_t step) {
      double part = 0;
      for (std::size_t i = 0; i < n; ++i) part += k[first + i * step] * y[i] / static_cast<double>(n);
      for (std::size_t i = 0; i < n; ++i) k[first + i * step] -= part * y[i];
    };
    for (std::size_t i = 0; i < n; ++i) project(i * n, 1);
    for (std::size_t i = 0; i < n; ++i) project(i, n);
    return 2 / static_cast<double>(n) * symmetric_eigen(k, n).values.back();
  }

  std::vector<double> x, y;
  std::size_t n, d;
  std::vector<double> shortest;
  double curvature = 0;
};

}  // namespace taut
