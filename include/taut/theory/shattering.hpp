// SPDX-License-Identifier: Apache-2.0
// How many dichotomies of points LN-Nets of width 3 realise with a number of layer norms. Points of which all are
// realised are shattered, and the VC dimension is at least their number: L + 2 by the theorem of Ni et al. (2024),
// whose proof merges a pair of points a layer; certificates::vc_dimension_at_least states it.
//
//   const shattering s = shatter(points, 2, 3);       // s.realised == s.dichotomies: three layer norms shatter them
#pragma once
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <taut/theory/folding.hpp>
#include <vector>

namespace taut::ln_net {

/// What became of the dichotomies of points, counted up to the exchange of both labels.
struct shattering {
  std::size_t dichotomies = 0, realised = 0;
  [[nodiscard]] constexpr bool all() const { return realised == dichotomies; }
};

/// Tries to realise every dichotomy of different points within so many layer norms; a dichotomy counts if each point
/// has its label. @throws std::invalid_argument for no points or more than 20; else as fold_runs.
[[nodiscard]] inline shattering shatter(std::span<const double> points, std::size_t dimension, std::size_t layer_norms,
                                        const effort& with = {}) {
  const std::size_t n = dimension == 0 ? 0 : points.size() / dimension;
  if (n == 0) throw std::invalid_argument("shatter: no points");
  if (n > 20) throw std::invalid_argument("shatter: 2^" + std::to_string(n) + " dichotomies are too many");
  effort allowed = with;
  allowed.most_folds = layer_norms;
  shattering found;
  std::vector<std::size_t> labels(n);
  for (std::size_t bits = 0; bits < (std::size_t{1} << n) / 2; ++bits) {  // the last point always has label 0
    for (std::size_t i = 0; i < n; ++i) labels[i] = bits >> i & 1;
    const folding f = fold_runs(points, dimension, labels, allowed);
    bool right = f.complete();
    for (std::size_t i = 0; right && i < n; ++i) right = f.label_of(&points[i * dimension]) == labels[i];
    ++found.dichotomies, found.realised += right ? 1 : 0;
  }
  return found;
}

}  // namespace taut::ln_net
