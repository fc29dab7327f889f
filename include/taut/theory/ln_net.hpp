// SPDX-License-Identifier: Apache-2.0
// LN-Nets of width 3 that are built, not trained: linear layers and layer norms, no other nonlinearity, that give
// every one of the points its label (Ni et al. 2024: there are such for any labels). A fold is a linear layer and a
// layer norm (theory/fold.hpp); the last layer tells the intervals of a line apart, each the largest of affine
// functions in turn.
//
//   const auto p = ln_net::fit<2, 8, 2>(points, labels);      // parameters<ln_net::type<2, 8, 2>>: 2 labels, 8 LN, R^2
//   using net = ln_net::built<examples>;                      // at compile time, as deep as its labels ask
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <taut/layers/layer_norm.hpp>
#include <taut/layers/linear.hpp>
#include <taut/net/evaluate.hpp>
#include <taut/theory/folding.hpp>
#include <utility>

namespace taut::ln_net {

/// Orthonormal, and orthogonal to (1, 1, 1), which layer norm takes away: (p - c) along + h across is the plane that it
/// projects on the circle of radius sqrt(3).
inline constexpr std::array<double, 3> along{rounded::sqrt_nearest(0.5), -rounded::sqrt_nearest(0.5), 0},
    across{rounded::sqrt_nearest(1 / 6.0), rounded::sqrt_nearest(1 / 6.0), -2 * rounded::sqrt_nearest(1 / 6.0)};

namespace detail {

/// The layers of Depth folds behind an input of R^Dimension.
template <std::size_t Depth, std::size_t Dimension> struct folds {
  using type = decltype(typename folds<Depth - 1, Dimension>::type{} >> Linear<3> >> LN(no_affine));
};
template <std::size_t Dimension> struct folds<0, Dimension> {
  using type = network<layer::input<Dimension>>;
};

/// How the layer before gives the line: p = weight . z + bias.
template <std::size_t In> struct reading {
  std::array<double, In> weight{};
  double bias = 0;
};

/// Weights of three neurons that lay the line on the plane of the circle: (p - centre) / height along, and across so
/// much that with epsilon it is 1. `row` is the first of them, in a layer of several groups.
template <std::size_t In, class P>
constexpr void write_fold(P& layer, std::size_t row, const reading<In>& p, const fold& f, double epsilon) {
  using real = typename decltype(layer.weight)::value_type;
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t k = 0; k < In; ++k)
      layer.weight[(row + i) * In + k] = static_cast<real>(along[i] * p.weight[k] / f.height);
    layer.bias[row + i] = static_cast<real>((p.bias - f.centre) * along[i] / f.height +
                                            rounded::sqrt_nearest(1 - 3 * epsilon) * across[i]);
  }
}
/// What the circle's radius and epsilon make of a fold: <across, z> is fold(p) times this.
constexpr double radius(double epsilon) { return rounded::sqrt_nearest(3 * (1 - 3 * epsilon)); }

/// How points give the line.
template <std::size_t Dimension> constexpr reading<Dimension> reading_of(const folding& f) {
  reading<Dimension> first{{}, f.offset};
  std::copy_n(f.direction.begin(), Dimension, first.weight.begin());
  return first;
}
/// How the layer norm of a stage gives it.
constexpr reading<3> reading_of(const stage& s, double epsilon) {
  reading<3> r{across, s.shift};
  for (double& weight : r.weight) weight *= s.scale / radius(epsilon);
  return r;
}
/// What linear layer `number`, which is layer I or repeats it, reads: points, if it is the first, else a layer norm.
template <std::size_t I, std::size_t Dimension>
constexpr auto reading_before(const reading<Dimension>& first, const folding& f, std::size_t number) {
  const auto behind = [&] { return reading_of(f.stages[number / 2 - 1], normalizer::kind::epsilon); };
  if constexpr (I > 0) return behind();
  else if constexpr (Dimension == 3) return number > 0 ? behind() : first;  // the other layers repeat the first
  else return first;
}

/// Weights of the layer that tells the intervals apart: interval k has the largest of the scores k p - sum of the
/// borders before it, a convex function with its kinks at the borders. Labels without a point stay below.
template <std::size_t In, class P> constexpr void write_scores(P& layer, const reading<In>& p, const folding& f) {
  using real = typename decltype(layer.weight)::value_type;
  layer.weight = {};
  const double middle = static_cast<double>(f.borders.size()) / 2;
  layer.bias.fill(static_cast<real>(-2 - 2 * middle));
  double shift = 0;
  for (const double border : f.borders) shift += border / 2;
  for (std::size_t k = 0; k < f.order.size(); ++k) {
    const double slope = static_cast<double>(k) - middle;
    for (std::size_t i = 0; i < In; ++i) layer.weight[f.order[k] * In + i] = static_cast<real>(slope * p.weight[i]);
    layer.bias[f.order[k]] = static_cast<real>(slope * p.bias + shift);
    if (k < f.borders.size()) shift -= f.borders[k];
  }
}

}  // namespace detail

/// A network of width 3 from R^Dimension: Depth linear layers with a layer norm behind each, then a score for each
/// label.
template <std::size_t Labels, std::size_t Depth, std::size_t Dimension> struct type
    : decltype(typename detail::folds<Depth, Dimension>::type{} >> Linear<Labels>) {};

/// Which output is the largest.
template <class Scores> [[nodiscard]] constexpr std::size_t label_of(const Scores& scores) {
  return static_cast<std::size_t>(std::max_element(scores.begin(), scores.end()) - scores.begin());
}

/// The parameters of an LN-Net that does what the folding does. @throws fit_error if it has more stages than Depth,
/// labels beyond Labels or several intervals a label; std::invalid_argument if its points are not of R^Dimension.
template <std::size_t Labels, std::size_t Depth, std::size_t Dimension, class Real = float>
[[nodiscard]] constexpr parameters<type<Labels, Depth, Dimension>, Real> network_of(const folding& found) {
  if (!found.complete()) throw fit_error("ln_net: no folding was found");
  if (found.direction.size() != Dimension) throw std::invalid_argument("ln_net: the points have another dimension");
  std::array<bool, Labels> seen{};
  for (const std::size_t label : found.order) {
    if (label >= Labels) throw fit_error("ln_net: label " + std::to_string(label) + " of " + std::to_string(Labels));
    if (std::exchange(seen[label], true)) throw fit_error("ln_net: a label has more than one interval");
  }
  const folding f = found.padded(Depth);
  using net = type<Labels, Depth, Dimension>;
  parameters<net, Real> p;
  const auto first = detail::reading_of<Dimension>(f);
  base::for_each_layer<net>([&]<std::size_t I>(std::size_t number) {
    if constexpr (I % 2 == 0)
      if (number < 2 * Depth)  // of three labels, the last layer may repeat layer I
        detail::write_fold(base::parameters_at<I>(p, number), 0, detail::reading_before<I>(first, f, number),
                           f.stages[number / 2].about, normalizer::kind::epsilon);
  });
  detail::write_scores(get<2 * Depth>(p), detail::reading_before<2 * Depth>(first, f, 2 * Depth), f);
  return p;
}

namespace detail {

/// @throws fit_error if a point has not its label.
template <std::size_t Dimension, class Net, class Real>
constexpr void expect_labels(const parameters<Net, Real>& p, std::span<const double> points,
                             std::span<const std::size_t> labels) {
  for (std::size_t i = 0; i < labels.size(); ++i)
    if (label_of(evaluate(p, points.subspan(i * Dimension, Dimension))) != labels[i])
      throw fit_error("ln_net: rounded weights do not keep the label of point " + std::to_string(i));
}

}  // namespace detail

/// Parameters of an LN-Net that gives each of the points (of Dimension numbers, one behind the other) its label, as
/// `evaluate` in double says. @throws fit_error if two equal points have different labels, no folding is found, it
/// needs more than Depth layer norms, or the weights rounded to Real do not keep it; std::invalid_argument as
/// fold_runs.
template <std::size_t Labels, std::size_t Depth, std::size_t Dimension, class Real = float>
[[nodiscard]] constexpr parameters<type<Labels, Depth, Dimension>, Real> fit(std::span<const double> points,
                                                                             std::span<const std::size_t> labels,
                                                                             const effort& with = {}) {
  effort allowed = with;
  allowed.most_folds = std::min(with.most_folds, Depth);
  const auto p = network_of<Labels, Depth, Dimension, Real>(fold_runs(points, Dimension, labels, allowed));
  detail::expect_labels<Dimension>(p, points, labels);
  return p;
}

/// The effort that compilers can afford within their default limits: 16 points of two labels.
inline constexpr effort at_compile_time{.beam = 1, .heights = 2, .directions = 16, .tried = 1, .stretching = false};

/// An LN-Net built by the compiler: its type is as deep as the labels of `Examples` ask. Examples::points is an array
/// of numbers, Examples::labels one of labels.
template <class Examples> class built {
  static constexpr std::size_t dimension = Examples::points.size() / Examples::labels.size();
  static constexpr std::size_t names = *std::max_element(Examples::labels.begin(), Examples::labels.end()) + 1;
  static constexpr std::size_t count = Examples::labels.size();
  // A folding without a heap, which may stay when the compiler has done.
  struct kept {
    std::array<double, dimension> direction{};
    double offset = 0;
    std::array<stage, count> stages{};
    std::array<std::size_t, names> order{};
    std::array<double, names> borders{};
    std::size_t depth = 0, intervals = 0;
  };
  static constexpr kept search() {
    const folding f = fold_runs(Examples::points, dimension, Examples::labels, at_compile_time);
    kept k;
    std::copy(f.direction.begin(), f.direction.end(), k.direction.begin()), k.offset = f.offset;
    std::copy(f.stages.begin(), f.stages.end(), k.stages.begin()), k.depth = f.stages.size();
    std::copy(f.order.begin(), f.order.end(), k.order.begin()), k.intervals = f.order.size();
    std::copy(f.borders.begin(), f.borders.end(), k.borders.begin());
    return k;
  }
  static constexpr kept found = search();
  static_assert(found.intervals > 0, "no folding was found");
  static constexpr auto make() {
    folding f;
    f.direction.assign(found.direction.begin(), found.direction.end()), f.offset = found.offset;
    f.stages.assign(found.stages.begin(), found.stages.begin() + found.depth);
    f.order.assign(found.order.begin(), found.order.begin() + found.intervals);
    f.borders.assign(found.borders.begin(), found.borders.begin() + found.intervals - 1);
    return network_of<names, found.depth, dimension>(f);
  }

 public:
  /// How many layer norms the network has.
  static constexpr std::size_t depth = found.depth;
  /// The network.
  using type = ln_net::type<names, depth, dimension>;
  /// Its weights.
  static constexpr taut::parameters<type> parameters = make();
  /// Whether `evaluate` gives all points their labels, in double.
  static constexpr bool classifies_all() {
    for (std::size_t i = 0; i < count; ++i)
      if (label_of(evaluate(parameters, std::span(Examples::points).subspan(i * dimension, dimension))) !=
          Examples::labels[i])
        return false;
    return true;
  }
};

}  // namespace taut::ln_net
