// SPDX-License-Identifier: Apache-2.0
// Whether parameters keep what their type declares: norms, gains, running variances. What load_safetensors proves of a
// file, as a constant expression or at run time, for weights that come from elsewhere:
//
//   static_assert(keeps_declared(p));       // p constexpr; then lipschitz<Net> bounds this network
//
// Norms are proved, by the Frobenius norm or by one Cholesky factorization; in a constant expression they share its
// allowance of work, and what is too large to be proved there counts as not kept.
#pragma once
#include <cstddef>
#include <string_view>
#include <taut/base/buffer.hpp>
#include <taut/certify/spectral_norm.hpp>
#include <taut/net/parameters.hpp>

namespace taut {

namespace certificates {

/// A visitor of claims that remembers whether all of them hold.
struct claims_checker {
  std::size_t norms = 1;  ///< how many norms share the work of a constant expression
  bool kept = true;

  constexpr void spectral_norm_at_most(std::string_view, const auto& values, std::size_t rows, std::size_t columns,
                                       double limit) {
    const base::buffer<double> w(rows * columns);
    for (std::size_t i = 0; i < rows * columns; ++i) w.at[i] = static_cast<double>(values[i]);
    kept = kept && taut::spectral_norm_at_most(w.at, rows, columns, limit, 0, constant_work / norms);
  }
  constexpr void magnitude_at_most(std::string_view, const auto& values, double limit) {
    for (const auto v : values) {
      const auto x = static_cast<double>(v);
      kept = kept && rounded::is_finite(x) && x <= limit && x >= -limit;
    }
  }
  constexpr void at_least(std::string_view, const auto& values, double limit) {
    for (const auto v : values) {
      const auto x = static_cast<double>(v);
      kept = kept && rounded::is_finite(x) && x >= limit;
    }
  }
};

/// Counts the norms that parameters claim.
struct norms_counter {
  std::size_t count = 0;
  constexpr void spectral_norm_at_most(std::string_view, const auto&, std::size_t, std::size_t, double) { ++count; }
  constexpr void magnitude_at_most(std::string_view, const auto&, double) {}
  constexpr void at_least(std::string_view, const auto&, double) {}
};

}  // namespace certificates

/// Whether every declared norm, gain and running variance is proved to hold for these parameters.
template <class Net, class Real> [[nodiscard]] constexpr bool keeps_declared(const parameters<Net, Real>& p) {
  certificates::norms_counter counter;
  for_each_claim(p, counter);
  certificates::claims_checker checker{counter.count == 0 ? 1 : counter.count};
  for_each_claim(p, checker);
  return checker.kept;
}

}  // namespace taut
