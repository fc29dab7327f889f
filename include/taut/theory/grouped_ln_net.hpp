// SPDX-License-Identifier: Apache-2.0
// LN-Nets whose last normalizer has groups, built from labels: fewer layers for more neurons
// (theory/grouped_folding.hpp).
//
//   const auto p = ln_net::fit_in_groups<2, 2, 3, 2>(points, labels);  // 2 labels, 2 normalizers, the last of 3 groups
#pragma once
#include <algorithm>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <taut/layers/group_norm.hpp>
#include <taut/theory/grouped_folding.hpp>
#include <taut/theory/ln_net.hpp>
#include <vector>

namespace taut::ln_net {

/// A network from R^Dimension with Depth normalizers: layer norms of three neurons, and at the end group norm of Groups
/// groups of three; then a score for each label.
template <std::size_t Labels, std::size_t Depth, std::size_t Groups, std::size_t Dimension> struct grouped_type
    : decltype(typename detail::folds<Depth - 1, Dimension>::type{} >> Linear<3 * Groups> >> GN<Groups>(no_affine) >>
               Linear<Labels>) {};

/// The parameters of a network that does what the folding does. @throws fit_error if it is not complete, has labels
/// beyond Labels, another depth or other groups; std::invalid_argument if its points are not of R^Dimension.
template <std::size_t Labels, std::size_t Depth, std::size_t Groups, std::size_t Dimension, class Real = float>
[[nodiscard]] parameters<grouped_type<Labels, Depth, Groups, Dimension>, Real> network_of(const grouped_folding& f) {
  if (!f.complete()) throw fit_error("ln_net: no folding in groups was found");
  if (f.before.direction.size() != Dimension) throw std::invalid_argument("ln_net: the points have another dimension");
  if (f.depth() != Depth || f.folds.size() != Groups || f.scores.size() > Labels)
    throw fit_error("ln_net: depth " + std::to_string(f.depth()) + ", " + std::to_string(f.folds.size()) +
                    " groups and " + std::to_string(f.scores.size()) + " labels do not fit the network");
  using net = grouped_type<Labels, Depth, Groups, Dimension>;
  constexpr double epsilon = normalizer::kind::epsilon, radius = detail::radius(epsilon);
  parameters<net, Real> p;
  const auto first = detail::reading_of<Dimension>(f.before);
  base::for_each_layer<net>([&]<std::size_t I>(std::size_t number) {
    if constexpr (I % 2 == 0 && I < 2 * Depth) {
      auto& layer = base::parameters_at<I>(p, number);
      const auto before = detail::reading_before<I>(first, f.before, number);
      if (number < 2 * (Depth - 1))  // one group is a layer like those before it
        detail::write_fold(layer, 0, before, f.before.stages[number / 2].about, epsilon);
      else
        for (std::size_t k = 0; k < Groups; ++k) detail::write_fold(layer, 3 * k, before, f.folds[k], epsilon);
    }
  });
  auto& last = get<2 * Depth>(p);
  last.bias.fill(static_cast<Real>(-1e6));  // of labels without a point
  for (std::size_t label = 0; label < f.scores.size(); ++label) {
    const std::vector<double>& read = f.scores[label];
    for (std::size_t k = 0; k < 3 * Groups; ++k) {
      const std::size_t group = k / 3, axis = k % 3;
      last.weight[label * 3 * Groups + k] = static_cast<Real>(read[2 * group] * along[axis] / detail::radius(0) +
                                                              read[2 * group + 1] * across[axis] / radius);
    }
    last.bias[label] = static_cast<Real>(read[2 * Groups]);
  }
  return p;
}

/// Parameters of a network of Depth normalizers, the last of Groups groups, that gives each of the points its label, as
/// `evaluate` in double says. @throws as fit.
template <std::size_t Labels, std::size_t Depth, std::size_t Groups, std::size_t Dimension, class Real = float>
[[nodiscard]] parameters<grouped_type<Labels, Depth, Groups, Dimension>, Real> fit_in_groups(
    std::span<const double> points, std::span<const std::size_t> labels, const effort& with = {}) {
  effort allowed = with;
  allowed.most_folds = std::min(with.most_folds, Depth - 1);
  const auto p = network_of<Labels, Depth, Groups, Dimension, Real>(
      fold_in_groups(points, Dimension, labels, Groups, allowed, Depth - 1));
  detail::expect_labels<Dimension>(p, points, labels);
  return p;
}

}  // namespace taut::ln_net
