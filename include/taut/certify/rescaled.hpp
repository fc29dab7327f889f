// SPDX-License-Identifier: Apache-2.0
// A chain bounded by the product of rescaled norms: for every positive diagonal D_k that is constant on runs,
//
//   L <= ||D_1 M_0|| ||D_2 M_1 C_1 / D_1|| ... ||M_K C_K / D_K||,   C_k the steepest slopes
//
// since |D_k dy_k| <= |D_k C_k da_k| run by run, and D_k commutes with C_k. D = 1 gives the product of norms. The best
// D is found by tighten(); any D is proved here.
// Example: M_0 = (1, 1000)', M_1 = (1000, 1) has the product 10^6; with D = (1000, 1) it is 2000, the truth.
#pragma once
#include <cstddef>
#include <taut/certify/chain.hpp>

namespace taut::certificates {

/// Numbers that a witness may use: far from overflow in every product below.
constexpr bool is_moderate(double x) { return rounded::is_positive(x) && x >= 0x1p-300 && x <= 0x1p300; }

/// D_behind M C / D_before, with what is not known of it. Null: D = 1; `before`: the nonlinearity in front.
constexpr linear_map rescaled_map(const linear_map& m, const nonlinearity* before, const double* of_before,
                                  const nonlinearity* behind, const double* of_behind) {
  linear_map made{m.rows, m.columns, buffer(m.rows * m.columns), 0};
  const buffer across(m.columns);
  double widest = 1, tallest = 1;  // the largest factors of columns and rows
  if (before != nullptr) {
    widest = 0;
    for (std::size_t j = 0; j < m.columns; ++j) {
      across.at[j] = before->steepest() / of_before[j / before->slopes.run];
      if (across.at[j] > widest) widest = across.at[j];
    }
  }
  if (behind != nullptr) {
    tallest = 0;
    for (std::size_t run = 0; run < behind->runs(); ++run)
      if (of_behind[run] > tallest) tallest = of_behind[run];
  }
  for (std::size_t i = 0; i < m.rows; ++i) {
    const double down = behind == nullptr ? 1 : of_behind[i / behind->slopes.run];
    const double* const from = m.entries.at + i * m.columns;
    double* const to = made.entries.at + i * m.columns;
    if (before == nullptr)
      for (std::size_t j = 0; j < m.columns; ++j) to[j] = from[j] * down;
    else
      for (std::size_t j = 0; j < m.columns; ++j) to[j] = from[j] * down * across.at[j];
  }
  // three roundings an entry; what is not known of M grows with the factors
  const double rounding = rounded::mul_up(0x1p-48, frobenius_norm_up(made.entries.at, m.rows, m.columns));
  const double inherited = m.error > 0 ? rounded::mul_up(m.error, rounded::mul_up(widest * (1 + 0x1p-48), tallest)) : 0;
  made.error = rounded::add_up(rounded::add_up(rounding, inherited), 0x1p-900);
  return made;
}

/// The product of the rescaled norms, upward; infinity if a scale is not positive. `scale` has a number for each run of
/// the chain; null: all 1. Norms share `work` multiply-adds in a constant expression.
constexpr double rescaled_bound(const chain& c, const double* scale, std::size_t work = constant_work) {
  const std::size_t count = c.maps.size(), runs = c.multipliers();
  const buffer ones(scale == nullptr ? runs : 0);
  if (scale == nullptr) {
    for (std::size_t i = 0; i < runs; ++i) ones.at[i] = 1;
    scale = ones.at;
  }
  for (std::size_t i = 0; i < runs; ++i)
    if (!is_moderate(scale[i])) return rounded::detail::unbounded();
  double bound = 1;
  const double* before = scale;
  for (std::size_t k = 0; k < count; ++k) {
    const nonlinearity* const left = k > 0 ? &c.bends[k - 1] : nullptr;
    const nonlinearity* const right = k + 1 < count ? &c.bends[k] : nullptr;
    const double* const behind = left == nullptr ? before : before + left->runs();
    const linear_map m = rescaled_map(c.maps[k], left, before, right, behind);
    bound = rounded::mul_up(
        bound, spectral_norm(m.entries.at, m.rows, m.columns, m.error, work / (count == 0 ? 1 : count)).value);
    before = behind;
  }
  return bound;
}

}  // namespace taut::certificates
