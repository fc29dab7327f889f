// SPDX-License-Identifier: Apache-2.0
// Finds the folds (theory/fold.hpp) that bring each label of points into one interval of a line. Neighbours of equal
// label are a run. A fold about a point of run k can merge the runs k - j and k + j for every j at once: of two labels
// they are always equal. Nothing must coincide, unlike in the projection merge of Ni et al. (2024), which merges point
// by point and which this contains: only order and margins count.
//
//   const ln_net::folding f = ln_net::fold_runs(points, 2, labels);    // f.stages.size() folds, if f.complete()
//
// A beam search over the number of runs, from most to fewest; for each the foldings of largest margin are kept.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <taut/base/random.hpp>
#include <taut/theory/fold.hpp>
#include <utility>
#include <vector>

namespace taut::ln_net {

/// How much the search may try.
struct effort {
  std::size_t beam = 16;         ///< foldings kept for each number of runs
  std::size_t heights = 8;       ///< tried for each centre: 8, 4, 2 or 1 of those between 0.03 and 4
  std::size_t directions = 400;  ///< random directions that the points are projected on
  std::size_t tried = 8;  ///< of them, those with the fewest runs are folded; if none succeeds, up to 8 times more
  std::size_t most_folds = static_cast<std::size_t>(-1);  ///< nor more than there are points
  bool stretching = true;     ///< where no fold merges runs, one that only stretches may come first
  std::size_t intervals = 0;  ///< how many may be left; 0: as many as there are labels
};

/// How many runs of equal neighbours there are.
[[nodiscard]] constexpr std::size_t runs_of(std::span<const std::size_t> labels) {
  std::size_t runs = labels.empty() ? 0 : 1;
  for (std::size_t i = 1; i < labels.size(); ++i) runs += labels[i] != labels[i - 1] ? 1 : 0;
  return runs;
}

namespace detail {

/// Labelled points of a line in order, how they came there, and what is doubtful about them.
struct line {
  std::vector<double> at, noise;  ///< places in [0, 1], and by how much rounding may have moved them
  std::vector<std::size_t> label;
  std::vector<stage> stages;
  double gap = 0, margin = 0;  ///< as in `folding`
};

/// The points projected on a direction, which is scaled so that they fill [0, 1].
struct projection {
  std::vector<double> direction;
  double offset = 0;
  std::size_t runs = 0;
  line points;

  constexpr projection(std::vector<double> towards, std::span<const double> points_in, std::span<const std::size_t> of)
      : direction(std::move(towards)) {
    const std::size_t n = of.size(), dimension = direction.size();
    std::vector<std::pair<double, std::size_t>> all(n, {0, 0});
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t k = 0; k < dimension; ++k) all[i].first += direction[k] * points_in[i * dimension + k];
      all[i].second = of[i];
    }
    std::sort(all.begin(), all.end());
    const double low = all[0].first, range = all[n - 1].first - low;
    if (!(range > 0)) return;  // its gap stays 0: of no use
    for (double& d : direction) d /= range;
    offset = -low / range;
    // A sum of terms far larger than itself, as of points far from 0, rounds as they do.
    double largest = 0;
    for (std::size_t i = 0; i < n; ++i) {
      double terms = offset < 0 ? -offset : offset;
      for (std::size_t k = 0; k < dimension; ++k) {
        const double term = direction[k] * points_in[i * dimension + k];
        terms += term < 0 ? -term : term;
      }
      largest = std::max(largest, terms);
    }
    const double noise = 2 + static_cast<double>(dimension) * std::max(0.0, largest - 2);
    points.at.assign(n, 0), points.noise.assign(n, noise), points.label.assign(n, 0);
    points.gap = 1;
    for (std::size_t i = 0; i < n; ++i) {
      points.at[i] = (all[i].first - low) / range, points.label[i] = all[i].second;
      if (i > 0 && all[i].second != all[i - 1].second)
        points.gap = std::min(points.gap, points.at[i] - points.at[i - 1]);
    }
    points.margin = points.gap / (2 * noise), runs = runs_of(points.label);
  }
};

/// Finds foldings of n points into at most so many runs.
class search {
 public:
  constexpr search(const effort& with, std::size_t runs, std::size_t n)
      : allowed(with), fewest(runs), order(n, 0), image(n, 0), noise(image), best_image(image), best_noise(image) {}

  /// The line of the largest margin that has no more runs than wanted; one without points, if none is found.
  constexpr line run(const line& start, std::size_t runs) {
    buckets.assign(std::max(runs, fewest) + 1, {});
    buckets[runs].push_back(start);
    for (std::size_t r = runs; r > fewest; --r) {
      for (const line& from : buckets[r]) expand(from, r);
      if (std::all_of(buckets.begin(), buckets.begin() + static_cast<std::ptrdiff_t>(r), is_empty))
        for (const line& from : buckets[r]) stretch(from, r);
    }
    line best;
    for (std::size_t r = 1; r <= fewest; ++r)
      if (!buckets[r].empty() && (best.at.empty() || buckets[r].front().margin > best.margin))
        best = std::move(buckets[r].front());
    return best;
  }

 private:
  static constexpr std::array<double, 8> heights{0.03, 0.06, 0.12, 0.25, 0.5, 1, 2, 4};

  static constexpr bool is_empty(const std::vector<line>& bucket) { return bucket.empty(); }

  // Where no fold merges runs, one that only stretches some of the line against the rest may make room for one that
  // does.
  constexpr void stretch(const line& from, std::size_t runs) {
    if (!allowed.stretching || from.stages.size() + 1 >= allowed.most_folds) return;
    for (int k = 0; k <= 20; ++k) {
      const double c = -0.5 + 0.1 * k;
      for (const double h : heights) {
        if (sort_by_distance(c, from, runs + 1) != runs) break;
        double margin = 0, gap = 0, height = 0;
        try_height({c, h}, from, margin, gap, height);
        if (height > 0) expand(folded({c, h}, from, gap, margin), runs);
      }
    }
  }

  // What order a fold about c gives changes where c is the middle of two points, and matters if their labels differ.
  constexpr void expand(const line& from, std::size_t runs) {
    if (from.stages.size() >= allowed.most_folds) return;
    const double* at = from.at.data();
    const std::size_t* label = from.label.data();
    const std::size_t n = order.size();
    std::vector<double> middles;
    middles.reserve(n * n / 2 + 2);
    middles.push_back(0), middles.push_back(1);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = i + 1; j < n; ++j)
        if (label[i] != label[j]) middles.push_back((at[i] + at[j]) / 2);
    std::sort(middles.begin(), middles.end());
    const double* middle = middles.data();
    for (std::size_t k = 1; k < middles.size(); ++k)
      if (middle[k] - middle[k - 1] > 0.1 * from.gap) fold_about((middle[k] + middle[k - 1]) / 2, from, runs);
  }

  // Folds about c, if that leaves fewer runs than there are.
  constexpr void fold_about(double c, const line& from, std::size_t runs) {
    const std::size_t found = sort_by_distance(c, from, runs);
    if (found >= runs) return;
    auto& bucket = buckets[found];
    const bool full = bucket.size() >= std::max(allowed.beam, std::size_t{1});
    double margin = full ? bucket.back().margin : 0, gap = 0, height = 0;
    const std::size_t step = heights.size() / std::clamp(allowed.heights, std::size_t{1}, heights.size());
    for (std::size_t k = step / 2; k < heights.size(); k += step)
      try_height({c, heights[k]}, from, margin, gap, height);
    if (height == 0) return;
    if (full) bucket.pop_back();
    std::size_t place = bucket.size();
    while (place > 0 && bucket[place - 1].margin < margin) --place;
    bucket.insert(bucket.begin() + static_cast<std::ptrdiff_t>(place), folded({c, height}, from, gap, margin));
  }

  // `order` becomes that of the points by their distance from c, the farthest first. Returns how many runs it has, or
  // `most` as soon as it has as many.
  constexpr std::size_t sort_by_distance(double c, const line& from, std::size_t most) {
    const double* at = from.at.data();
    const std::size_t* label = from.label.data();
    std::size_t* next = order.data();
    const std::size_t n = order.size();
    std::size_t left = 0, right = n, runs = 1, last = c - at[0] > at[n - 1] - c ? 0 : n - 1;
    while (left < right) {
      const std::size_t taken = c - at[left] > at[right - 1] - c ? left++ : --right;
      if (label[taken] != label[last] && ++runs == most) return most;
      *next++ = last = taken;
    }
    return runs;
  }

  // Keeps the image under f of the points in `order`, if its margin is larger than the one given.
  constexpr void try_height(const fold& f, const line& from, double& margin, double& gap, double& height) {
    const double *at = from.at.data(), *error = from.noise.data();
    const std::size_t *label = from.label.data(), *o = order.data();
    const std::size_t n = order.size();
    double *q = image.data(), *e = noise.data();
    for (std::size_t k = 0; k < n; ++k) {
      const double d = at[o[k]] - f.centre, inverse = f.inverse(at[o[k]]);
      q[k] = f.height * inverse;
      const double slope = q[k] * d * inverse * inverse;
      e[k] = (slope < 0 ? -slope : slope) * error[o[k]] + 2;  // two roundings: the fold's, and that of what follows it
    }
    double least = from.margin, apart = 1;
    for (std::size_t k = 1; k < n; ++k)
      if (label[o[k]] != label[o[k - 1]]) {
        const double between = q[k] - q[k - 1];
        apart = std::min(apart, between);
        least = std::min(least, between / (e[k] + e[k - 1]));
      }
    if (!(least > margin)) return;
    margin = least, gap = apart, height = f.height;
    std::swap(image, best_image), std::swap(noise, best_noise);
  }

  // The line behind the fold that try_height kept.
  [[nodiscard]] constexpr line folded(const fold& f, const line& from, double gap, double margin) const {
    const std::size_t n = order.size();
    const double low = best_image[0], scale = 1 / (best_image[n - 1] - low);
    line made{best_image, best_noise, from.label, from.stages, std::min(gap, from.gap), margin};
    for (std::size_t k = 0; k < n; ++k) {
      made.at[k] = (best_image[k] - low) * scale;
      made.noise[k] *= scale;
      made.label[k] = from.label[order[k]];
    }
    made.stages.push_back({f, scale, -low * scale});
    return made;
  }

  effort allowed;
  std::size_t fewest;
  std::vector<std::vector<line>> buckets;  // by number of runs; the largest margin first
  std::vector<std::size_t> order;
  std::vector<double> image, noise, best_image, best_noise;
};

/// Projections that part all labels, on directions that are always the same ones.
constexpr std::vector<projection> random_projections(std::span<const double> points, std::size_t dimension,
                                                     std::span<const std::size_t> labels, std::size_t directions) {
  base::random_stream random(1);
  std::vector<projection> lines;
  for (std::size_t k = 0; k < (dimension == 1 ? 1 : directions); ++k) {
    std::vector<double> direction(dimension, 1);
    if (dimension > 1)
      for (double& d : direction) d = random.normal();
    lines.emplace_back(std::move(direction), points, labels);
    if (!(lines.back().points.gap > 0)) lines.pop_back();
  }
  return lines;
}

/// Whether a and b, of `dimension` numbers, are equal.
constexpr bool coincide(const double* a, const double* b, std::size_t dimension) {
  for (std::size_t k = 0; k < dimension; ++k)
    if (a[k] != b[k]) return false;
  return true;
}

/// @throws as fold_runs does.
constexpr void judge(std::span<const double> points, std::size_t dimension, std::span<const std::size_t> labels) {
  if (labels.empty() || dimension == 0 || points.size() != labels.size() * dimension)
    throw std::invalid_argument("ln_net: " + std::to_string(points.size()) + " numbers are not " +
                                std::to_string(labels.size()) + " points of " + std::to_string(dimension));
  for (const double x : points)
    if (!rounded::is_finite(x)) throw std::invalid_argument("ln_net: a point is not finite");
  for (std::size_t i = 0; i < labels.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (labels[i] != labels[j] && coincide(&points[i * dimension], &points[j * dimension], dimension))
        throw fit_error("ln_net: points " + std::to_string(j) + " and " + std::to_string(i) +
                        " are equal and have different labels");
}

}  // namespace detail

/// The folding of largest margin that the search finds for points of `dimension` numbers, one behind the other; not
/// complete() if it finds none. @throws fit_error if two equal points have different labels; std::invalid_argument if
/// there are no points, they have no numbers or one that is not finite, or not `dimension` numbers a label.
[[nodiscard]] constexpr folding fold_runs(std::span<const double> points, std::size_t dimension,
                                          std::span<const std::size_t> labels, const effort& with = {}) {
  detail::judge(points, dimension, labels);
  std::vector<std::size_t> sorted(labels.begin(), labels.end());
  std::sort(sorted.begin(), sorted.end());
  const std::size_t present = runs_of(sorted);
  folding best;
  if (present == 1) {
    best.direction.assign(dimension, 0), best.order.assign(1, sorted[0]);
    best.gap = best.margin = 1, best.runs = 1;
    return best;
  }
  std::vector<detail::projection> lines = detail::random_projections(points, dimension, labels, with.directions);
  std::vector<std::pair<std::pair<std::size_t, double>, std::size_t>> ranked;
  for (std::size_t k = 0; k < lines.size(); ++k) ranked.push_back({{lines[k].runs, -lines[k].points.gap}, k});
  std::sort(ranked.begin(), ranked.end());
  const auto seen = [&](std::size_t k) {  // neighbouring directions show the same labels in the same order
    for (std::size_t j = 0; j < k; ++j)
      if (lines[ranked[j].second].points.label == lines[ranked[k].second].points.label) return true;
    return false;
  };
  effort allowed = with;
  allowed.most_folds = std::min(with.most_folds, labels.size());
  detail::search search(allowed, with.intervals == 0 ? present : with.intervals, labels.size());
  std::size_t tried = 0;
  for (std::size_t k = 0; k < ranked.size() && tried < (best.complete() ? 1u : 8u) * with.tried; ++k) {
    if (seen(k)) continue;
    ++tried;
    detail::projection& from = lines[ranked[k].second];
    detail::line end = search.run(from.points, from.runs);
    if (end.at.empty() || (best.complete() && end.margin <= best.margin)) continue;
    best = {from.direction, from.offset, std::move(end.stages), {}, {}, end.gap, end.margin, from.runs};
    best.order.push_back(end.label[0]);
    for (std::size_t i = 1; i < labels.size(); ++i)
      if (end.label[i] != end.label[i - 1])
        best.order.push_back(end.label[i]), best.borders.push_back((end.at[i] + end.at[i - 1]) / 2);
  }
  return best;
}

}  // namespace taut::ln_net
