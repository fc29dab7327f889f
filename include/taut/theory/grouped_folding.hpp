// SPDX-License-Identifier: Apache-2.0
// Depth traded for groups. Linear<3 g> >> GN<g> folds a line about g centres at once. A fold gives both coordinates on
// its circle, (p - c) / rho and h / rho with rho^2 = (p - c)^2 + h^2, so that a linear layer behind reads 2 g features:
// a bump and a step at each centre, enough to tell 2 g + 1 runs apart in one layer where folding one by one takes
// several.
//
//   const auto f = ln_net::fold_in_groups(points, 2, labels, 4);    // f.depth() layers, the last of 4 groups
//
// What reads the features is a maximum-margin classifier of each label against the others (Chapelle 2007: Newton's
// method on the squared hinge).
#pragma once
#include <algorithm>
#include <cstddef>
#include <set>
#include <span>
#include <stdexcept>
#include <taut/theory/folding.hpp>
#include <utility>
#include <vector>

namespace taut::ln_net {

/// Folds one after the other, then several of the same line at once, and a linear score for each label.
struct grouped_folding {
  folding before;                           ///< into at most 2 g + 1 intervals
  std::vector<fold> folds;                  ///< one a group; empty: nothing was found
  std::vector<std::vector<double>> scores;  ///< [label]: for each fold of step and bump, then a bias
  double margin = 0;  ///< the least by which the right score is larger, over the sum of the weights of the two

  /// Whether every point has its label.
  [[nodiscard]] bool complete() const { return !folds.empty(); }
  /// How many normalizers the network has.
  [[nodiscard]] std::size_t depth() const { return before.stages.size() + 1; }
  /// What the place p behind the folds before becomes: step and bump of each fold, and 1.
  [[nodiscard]] std::vector<double> features(double p) const {
    std::vector<double> x;
    for (const fold& f : folds) x.push_back((p - f.centre) * f.inverse(p)), x.push_back(f(p));
    x.push_back(1);
    return x;
  }
  /// The score of each label at the point x.
  [[nodiscard]] std::vector<double> scores_of(const double* x) const {
    const std::vector<double> read = features(before.place(x));
    std::vector<double> y;
    for (const std::vector<double>& weights : scores) {
      y.push_back(0);
      for (std::size_t k = 0; k < read.size(); ++k) y.back() += weights[k] * read[k];
    }
    return y;
  }
};

namespace detail {

/// Solves A x = b for a symmetric positive definite A, row-major, by elimination. Both are overwritten; b becomes x.
inline void solve_in_place(std::vector<double>& a, std::vector<double>& b) {
  const std::size_t n = b.size();
  for (std::size_t k = 0; k < n; ++k)
    for (std::size_t i = k + 1; i < n; ++i) {
      const double factor = a[i * n + k] / a[k * n + k];
      for (std::size_t j = k; j < n; ++j) a[i * n + j] -= factor * a[k * n + j];
      b[i] -= factor * b[k];
    }
  for (std::size_t k = n; k-- > 0;) {
    for (std::size_t j = k + 1; j < n; ++j) b[k] -= a[k * n + j] * b[j];
    b[k] /= a[k * n + k];
  }
}

/// The weights w that minimise ridge |w|^2 + sum over rows x of max(0, 1 - sign w . x)^2, the sign + where `is` holds.
inline std::vector<double> separating_weights(const std::vector<std::vector<double>>& rows, const std::vector<bool>& is,
                                              double ridge) {
  const std::size_t n = rows[0].size();
  std::vector<double> w(n, 0);
  std::vector<bool> active(rows.size(), true);
  for (int turn = 0; turn < 40; ++turn) {
    std::vector<double> a(n * n, 0), b(n, 0);
    for (std::size_t k = 0; k < n; ++k) a[k * n + k] = ridge;
    for (std::size_t i = 0; i < rows.size(); ++i)
      if (active[i])
        for (std::size_t j = 0; j < n; ++j) {
          b[j] += is[i] ? rows[i][j] : -rows[i][j];
          for (std::size_t k = 0; k < n; ++k) a[j * n + k] += rows[i][j] * rows[i][k];
        }
    solve_in_place(a, b);
    w = b;
    const std::vector<bool> before = active;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      double score = 0;
      for (std::size_t k = 0; k < n; ++k) score += w[k] * rows[i][k];
      active[i] = (is[i] ? score : -score) < 1;
    }
    if (active == before) break;
  }
  return w;
}

/// Folds of g groups for intervals between borders in [0, 1]: about the middles of every other one, then of the others,
/// with heights of `wide` times the distance to the nearer border.
inline std::vector<fold> folds_of_intervals(const std::vector<double>& borders, std::size_t groups, double wide) {
  std::vector<double> ends{-0.05};
  ends.insert(ends.end(), borders.begin(), borders.end());
  ends.push_back(1.05);
  std::vector<fold> all, made;
  for (std::size_t first : {1u, 0u})
    for (std::size_t k = first; k + 1 < ends.size(); k += 2)
      all.push_back({(ends[k] + ends[k + 1]) / 2, wide * (ends[k + 1] - ends[k]) / 2});
  for (std::size_t k = 0; k < groups; ++k) made.push_back(all[k % all.size()]);
  return made;
}

/// The least difference of scores over the sum of the weights that make them; 0 if a label is wrong.
inline double margin_of(const std::vector<std::vector<double>>& scores, const std::vector<std::vector<double>>& rows,
                        std::span<const std::size_t> labels) {
  double least = 1;
  for (std::size_t i = 0; i < rows.size(); ++i)
    for (std::size_t other = 0; other < scores.size(); ++other) {
      if (other == labels[i]) continue;
      double difference = 0, size = 0;
      for (std::size_t k = 0; k < rows[i].size(); ++k) {
        difference += (scores[labels[i]][k] - scores[other][k]) * rows[i][k];
        size += std::max(scores[labels[i]][k], -scores[labels[i]][k]) + std::max(scores[other][k], -scores[other][k]);
      }
      if (!(difference / size > 0)) return 0;  // nor is what is no number a margin
      least = std::min(least, difference / size);
    }
  return least;
}

/// The layer of groups behind a folding that reads it with the largest margin; not complete() if none reads it right.
inline grouped_folding read_in_groups(folding before, std::span<const double> points,
                                      std::span<const std::size_t> labels, std::size_t names, std::size_t groups) {
  grouped_folding best, tried;
  tried.before = std::move(before);
  for (const double wide : {0.25, 0.5, 1.0, 2.0, 4.0}) {
    tried.folds = folds_of_intervals(tried.before.borders, groups, wide);
    std::vector<std::vector<double>> rows;
    for (std::size_t i = 0; i < labels.size(); ++i)
      rows.push_back(tried.features(tried.before.place(&points[i * tried.before.direction.size()])));
    for (const double ridge : {1e-2, 1e-4, 1e-6, 1e-8, 1e-10}) {
      tried.scores.clear();
      for (std::size_t name = 0; name < names; ++name) {
        std::vector<bool> is(labels.size());
        for (std::size_t i = 0; i < labels.size(); ++i) is[i] = labels[i] == name;
        tried.scores.push_back(separating_weights(rows, is, ridge));
      }
      tried.margin = margin_of(tried.scores, rows, labels);
      if (tried.margin > best.margin) best = tried;
    }
  }
  return best;
}

}  // namespace detail

/// A folding whose last layer has `groups` folds; not complete() if none is found within `with`, whose most_folds
/// limits the layers before the last. Idle ones are added there until there are `layers`.
/// @throws as fold_runs; std::invalid_argument for no groups.
[[nodiscard]] inline grouped_folding fold_in_groups(std::span<const double> points, std::size_t dimension,
                                                    std::span<const std::size_t> labels, std::size_t groups,
                                                    const effort& with = {}, std::size_t layers = 0) {
  if (groups == 0) throw std::invalid_argument("ln_net: no groups");
  detail::judge(points, dimension, labels);
  const std::size_t names = *std::max_element(labels.begin(), labels.end()) + 1;
  const std::size_t present = std::set<std::size_t>(labels.begin(), labels.end()).size();
  effort allowed = with;
  grouped_folding best;
  for (allowed.intervals = std::max(2 * groups + 1, present); !best.complete(); --allowed.intervals) {
    folding before = fold_runs(points, dimension, labels, allowed);
    if (!before.complete()) break;
    before = before.padded(std::max(layers, before.stages.size()));
    best = detail::read_in_groups(std::move(before), points, labels, names, groups);
    if (allowed.intervals <= std::max(groups, present)) break;
  }
  return best;
}

}  // namespace taut::ln_net
