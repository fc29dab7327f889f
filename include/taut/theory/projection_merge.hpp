// SPDX-License-Identifier: Apache-2.0
// The construction by which Ni et al. (2024) prove that LN-Nets of width 3 classify any labels: on a line with distinct
// places, the leftmost point (if it is alone in its label, the rightmost) and the nearest of its label are folded onto
// each other, about their middle and with half their distance as height; then the next pair, until one place is left
// for each label. m points take at most m - 2 folds. Nothing of different label can meet if there are two labels: no
// point lies beyond the outermost, and between the pair are points of the other label only. What the proof need not
// care for is rounding: fold by fold what is left of a distance shrinks. theory/folding.hpp merges whole runs instead,
// and chooses by what rounding leaves.
#pragma once
#include <algorithm>
#include <cstddef>
#include <span>
#include <taut/theory/folding.hpp>
#include <tuple>
#include <utility>
#include <vector>

namespace taut::ln_net {

namespace detail {

/// Labelled points that are merged pair by pair, in order on a line.
struct merging {
  struct place {
    double at, noise;
    std::size_t label;
    constexpr bool operator<(const place& other) const { return at < other.at; }
  };
  std::vector<place> places;
  double gap, margin;

  /// The leftmost place and the nearest of its label; if it has none, the rightmost and its nearest; if that has none
  /// either, the leftmost that has. Two indices, equal if there are none.
  [[nodiscard]] std::pair<std::size_t, std::size_t> pair_to_merge() const {
    const std::size_t last = places.size() - 1;
    for (std::size_t j = 1; j <= last; ++j)
      if (places[j].label == places[0].label) return {0, j};
    for (std::size_t j = last; j-- > 0;)
      if (places[j].label == places[last].label) return {j, last};
    for (std::size_t i = 0; i < places.size(); ++i)
      for (std::size_t j = i + 1; j < places.size(); ++j)
        if (places[i].label == places[j].label) return {i, j};
    return {0, 0};
  }

  /// Makes one of neighbours of equal label at the same place: no fold could have half their distance as height.
  void unite() {
    for (std::size_t k = 1; k < places.size();)
      if (const place& p = places[k]; p.at == places[k - 1].at && p.label == places[k - 1].label) {
        places[k - 1].noise = std::max(places[k - 1].noise, p.noise);
        places.erase(places.begin() + static_cast<std::ptrdiff_t>(k));
      } else ++k;
  }

  /// Folds the line so that two places become one.
  stage merge(std::size_t i, std::size_t j) {
    const fold f{(places[i].at + places[j].at) / 2, (places[j].at - places[i].at) / 2};
    for (place& p : places) {
      const double d = p.at - f.centre, inverse = f.inverse(p.at), slope = f.height * d * inverse * inverse * inverse;
      p = {f(p.at), (slope < 0 ? -slope : slope) * p.noise + 2, p.label};
    }
    places[i].noise = std::max(places[i].noise, places[j].noise);
    places.erase(places.begin() + static_cast<std::ptrdiff_t>(j));
    std::sort(places.begin(), places.end());
    unite();
    for (std::size_t k = 1; k < places.size(); ++k)
      if (places[k].label != places[k - 1].label) {
        const double between = places[k].at - places[k - 1].at;
        gap = std::min(gap, between), margin = std::min(margin, between / (places[k].noise + places[k - 1].noise));
      }
    const double low = places.front().at, scale = 1 / (places.back().at - low);
    for (place& p : places) p = {(p.at - low) * scale, p.noise * scale, p.label};
    return {f, scale, -low * scale};
  }
};

}  // namespace detail

/// The projection merge of points of `dimension` numbers, on that of some random directions which keeps labels farthest
/// apart. Not complete() where two labels meet: of three labels and more they may, of two when rounding makes them.
/// What is complete labels its points rightly only if the margin is above the rounding of the arithmetic.
/// @throws as fold_runs.
[[nodiscard]] inline folding merge_pairs(std::span<const double> points, std::size_t dimension,
                                         std::span<const std::size_t> labels, std::size_t directions = 400) {
  if (runs_of(labels) == 1) return fold_runs(points, dimension, labels);  // nothing to part
  detail::judge(points, dimension, labels);
  folding merged;
  std::vector<detail::projection> lines = detail::random_projections(points, dimension, labels, directions);
  if (lines.empty()) return merged;
  const detail::projection& best = *std::max_element(
      lines.begin(), lines.end(), [](const auto& a, const auto& b) { return a.points.gap < b.points.gap; });
  detail::merging line{{}, best.points.gap, best.points.margin};
  for (std::size_t i = 0; i < labels.size(); ++i)
    line.places.push_back({best.points.at[i], best.points.noise[i], best.points.label[i]});
  line.unite();
  merged.direction = best.direction, merged.offset = best.offset, merged.runs = best.runs;
  for (auto [i, j] = line.pair_to_merge(); i != j; std::tie(i, j) = line.pair_to_merge()) {
    merged.stages.push_back(line.merge(i, j));
    if (!(line.gap > 0)) return merged;
  }
  merged.gap = line.gap, merged.margin = line.margin;
  for (std::size_t k = 0; k < line.places.size(); ++k) {
    merged.order.push_back(line.places[k].label);
    if (k > 0) merged.borders.push_back((line.places[k].at + line.places[k - 1].at) / 2);
  }
  return merged;
}

}  // namespace taut::ln_net
