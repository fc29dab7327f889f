// SPDX-License-Identifier: Apache-2.0
// A chain bounded by absolute values: where nonlinearities act element by element, |dy_i| <= c_i |da_i|, so
//
//   L <= || |M_K| C_K |M_(K-1)| ... C_1 |M_0| ||
//
// and where one couples a run of elements, a new stretch begins: its steepest slope and another norm follow. For
// matrices of one sign the bound is exact; for large ones of mixed signs it is far worse than the product of norms.
// Example: M_0 = (1, 1)', M_1 = (1, 1): || |M_1| |M_0| || = 2.
#pragma once
#include <cstddef>
#include <taut/certify/chain.hpp>

namespace taut::certificates {

/// |M|, each column j times `factor`: entries that are too small by no more than two roundings.
constexpr linear_map magnitudes(const linear_map& m, double factor) {
  linear_map made{m.rows, m.columns, buffer(m.rows * m.columns), rounded::mul_up(m.error, factor)};
  for (std::size_t i = 0; i < m.rows * m.columns; ++i)
    made.entries.at[i] = (m.entries.at[i] < 0 ? -factor : factor) * m.entries.at[i];
  made.error = rounded::add_up(
      made.error,
      rounded::add_up(rounded::mul_up(0x1p-50, frobenius_norm_up(made.entries.at, m.rows, m.columns)), 0x1p-900));
  return made;
}

/// The product of the norms of all stretches, upward.
constexpr double absolute_bound(const chain& c, std::size_t work = constant_work) {
  if (c.maps.empty()) return 1;
  double bound = 1;
  linear_map stretch = magnitudes(c.maps[0], 1);
  for (std::size_t k = 0; k <= c.bends.size(); ++k) {
    const bool ends = k == c.bends.size(), couples = !ends && c.bends[k].slopes.run > 1;
    if (ends || couples)
      bound = rounded::mul_up(
          bound,
          spectral_norm(stretch.entries.at, stretch.rows, stretch.columns, stretch.error, work / c.maps.size()).value);
    if (ends) break;
    const double steepest = c.bends[k].steepest();
    if (couples) bound = rounded::mul_up(bound, steepest), stretch = magnitudes(c.maps[k + 1], 1);
    else stretch = product(magnitudes(c.maps[k + 1], steepest), stretch);
  }
  return bound;
}

}  // namespace taut::certificates
