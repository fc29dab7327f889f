// SPDX-License-Identifier: Apache-2.0
// How far the loss on new samples can be from that on the training samples, by robustness (Xu and Mannor 2012): if the
// loss, in [0, M], varies by at most e inside each of K cells that cover inputs times labels and are fixed before the
// data are seen, then with probability 1 - d
//
//   |true - empirical| <= e + M sqrt((2 K ln 2 + 2 ln(1/d)) / n)
//
// Cells: for each label the ball |x| <= R in dimension m, cut into (1 + 4 R / D)^m pieces of diameter D (around the
// points of a maximal D/2-separated set); so e = L_loss L D. Forty diameters 2R, R, R/2, ... share d, and the best of
// them counts. Counts are kept as logarithms. Example: generalization_of({.lipschitz = 3, .samples = 1400, ...}).gap
#pragma once
#include <cmath>
#include <cstddef>
#include <taut/base/rounding.hpp>

namespace taut {

/// What the bound speaks of.
struct generalization_setting {
  double lipschitz = 0;             ///< L: of the network, for all inputs of the domain
  double input_norm = 0;            ///< R: no input is larger
  std::size_t dimension = 1;        ///< m, of inputs
  std::size_t labels = 2;           ///< classes
  std::size_t samples = 0;          ///< n, drawn independently
  double failure = 0.05;            ///< d: how often the statement may be false
  double loss_limit = 1;            ///< M
  double loss_slope = 1.414213563;  ///< L_loss, of the outputs; sqrt 2: the ramp of the margin, clamp(1 - margin, 0, 1)
};

/// A bound of |true - empirical| loss.
struct generalization_bound {
  double gap = rounded::infinity;   ///< rounded upward
  bool vacuous = true;              ///< gap >= M: it says nothing
  double diameter = 0;              ///< of the cells
  double variation = 0;             ///< e
  double log10_cells = 0;           ///< of K
  double log10_samples_wanted = 0;  ///< about so many samples (as a power of ten) would make the gap M / 2
};

/// The bound for one diameter of cells, with its failure probability.
[[nodiscard]] inline generalization_bound generalization_with_cells(const generalization_setting& s, double diameter) {
  constexpr double slack = 1 + 1e-12, ten = 2.302585092994046, two_log_two = 1.3862943611198906;
  generalization_bound b;
  const auto log_cells = [&s](double d) {
    const double pieces =
        d >= 2 * s.input_norm ? 0 : static_cast<double>(s.dimension) * std::log1p(4 * s.input_norm / d);
    return (pieces + std::log(static_cast<double>(s.labels))) * slack;
  };
  const double cells = log_cells(diameter), chance = 2 * std::log(1 / s.failure) * slack;
  b.diameter = diameter;
  b.variation = rounded::mul_up(rounded::mul_up(s.loss_slope, s.lipschitz), diameter);
  b.log10_cells = cells / ten;
  // ln(2 K ln 2 + chance), then half of what it exceeds ln n by
  const double together = cells + std::log(two_log_two) + std::log1p(chance / two_log_two * std::exp(-cells));
  const double exponent = 0.5 * (together - std::log(static_cast<double>(s.samples)));
  const double deviation =
      s.samples == 0 || !(exponent < 700) ? rounded::detail::unbounded() : std::exp(exponent) * (1 + 1e-9);
  b.gap = rounded::add_up(b.variation, rounded::mul_up(s.loss_limit, deviation));
  b.vacuous = !rounded::is_finite(b.gap) || b.gap >= s.loss_limit;
  // variation M/4 and deviation 1/4
  const double fine = s.loss_limit / (4 * s.loss_slope * s.lipschitz);
  b.log10_samples_wanted = (std::log(16 * two_log_two) + log_cells(fine)) / ten;
  return b;
}

/// The best bound over forty diameters, each allowed a fortieth of the failure probability.
[[nodiscard]] inline generalization_bound generalization_of(const generalization_setting& setting) {
  constexpr int diameters = 40;
  generalization_setting s = setting;
  s.failure /= diameters;
  generalization_bound best;
  for (int i = 0; i < diameters; ++i) {
    const auto b = generalization_with_cells(s, std::ldexp(2 * s.input_norm, -i));
    if (i == 0 || b.gap < best.gap) best = b;
  }
  return best;
}

}  // namespace taut
