// SPDX-License-Identifier: Apache-2.0
// What layer norm over three neurons does to a line. Two orthonormal directions e1, e2 orthogonal to (1, 1, 1) and
// x = (p - c) e1 + h e2 give, with epsilon in the root,
//
//   <e2, LN(x)> = sqrt(3) h / sqrt((p - c)^2 + h^2 + 3 epsilon):
//
// the line is laid on a circle and read along e2, that is, folded about c. A chain of folds that brings labelled points
// into one interval a label is a classifier; theory/folding.hpp finds it, theory/ln_net.hpp makes it a network.
#pragma once
#include <cstddef>
#include <stdexcept>
#include <taut/base/rounding.hpp>
#include <vector>

namespace taut::ln_net {

/// Labelled points that no folding classifies: equal points of different label, nothing found, too few layers.
struct fit_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A fold of the line about `centre`: p -> height / sqrt((p - centre)^2 + height^2), in (0, 1], largest at the centre.
struct fold {
  double centre = -1, height = 1.5;  ///< as made: falls on [0, 1], and is nearly straight there
  /// 1 / sqrt((p - centre)^2 + height^2).
  [[nodiscard]] constexpr double inverse(double p) const {
    return 1 / rounded::sqrt_nearest((p - centre) * (p - centre) + height * height);
  }
  [[nodiscard]] constexpr double operator()(double p) const { return height * inverse(p); }
};

/// A fold, and what brings its image back to [0, 1]: p -> scale fold(p) + shift.
struct stage {
  fold about{};
  double scale = 1, shift = 0;
  [[nodiscard]] constexpr double operator()(double p) const { return scale * about(p) + shift; }
};

/// A stage that keeps the order of points in [0, 1].
[[nodiscard]] constexpr stage idle_stage() {
  constexpr fold f{};
  const double scale = 1 / (f(1) - f(0));
  return {f, scale, -scale * f(0)};
}

/// A chain of folds behind which each label is one interval of the line.
struct folding {
  std::vector<double> direction;  ///< the line that points are projected on: p = direction . x + offset, in [0, 1]
  double offset = 0;
  std::vector<stage> stages;
  std::vector<std::size_t> order;  ///< the labels of the intervals behind the last stage; empty: no folding was found
  std::vector<double> borders;     ///< where one ends and the next begins: one fewer
  double gap = 0;        ///< the smallest distance of neighbours of different label: of all stages, in units of fold()
  double margin = 0;     ///< the same in units of the rounding that has gathered there, if each stage rounds by 1
  std::size_t runs = 0;  ///< how many runs of equal neighbours there were on the line before the first stage

  /// Whether a folding was found: each label is one interval behind the last stage, unless more were asked for.
  [[nodiscard]] constexpr bool complete() const { return !order.empty(); }
  /// Where the point x, of direction.size() numbers, is behind the first `count` stages.
  [[nodiscard]] constexpr double place(const double* x, std::size_t count) const {
    double p = offset;
    for (std::size_t i = 0; i < direction.size(); ++i) p += direction[i] * x[i];
    for (std::size_t k = 0; k < count; ++k) p = stages[k](p);
    return p;
  }
  /// The same behind the last stage.
  [[nodiscard]] constexpr double place(const double* x) const { return place(x, stages.size()); }
  /// The label of the point x. @throws fit_error if no folding was found.
  [[nodiscard]] constexpr std::size_t label_of(const double* x) const {
    if (!complete()) throw fit_error("ln_net: no folding was found");
    const double p = place(x);
    std::size_t interval = 0;
    while (interval < borders.size() && p > borders[interval]) ++interval;
    return order[interval];
  }
  /// The same with idle stages at the end, so that there are `depth` of them. @throws fit_error if there are more.
  [[nodiscard]] constexpr folding padded(std::size_t depth) const {
    if (stages.size() > depth) throw fit_error("ln_net: the points need more folds than there are layers");
    folding longer = *this;
    for (std::size_t k = stages.size(); k < depth; ++k) {
      longer.stages.push_back(idle_stage());
      for (double& border : longer.borders) border = idle_stage()(border);
    }
    return longer;
  }
};

}  // namespace taut::ln_net
