// SPDX-License-Identifier: Apache-2.0
// The search for the tightest bound of a network's weights, on the host, without any solver:
//
//   const auto bound = tighten(p);       // { value, formula, method, witness }: bound.value was proved by verify
//
// Every chain is tried by every tactic: the product of norms, the best diagonal rescaling, absolute values, and the
// semidefinite certificate, the last two searches by the interior-point method of barrier.hpp. The least wins.
#pragma once
#include <array>
#include <chrono>
#include <cstddef>
#include <taut/certify/barrier.hpp>
#include <taut/certify/witness.hpp>
#include <vector>

namespace taut {

/// What tighten may spend.
struct tighten_options {
  std::size_t largest_form = 1536;  ///< no searches for chains whose form (input and hidden elements) is larger
  double gap = 2e-6;                ///< how near the least L^2 a search goes, relatively
};

namespace certificates {

/// The constants of one chain by every tactic, infinity where one was not tried, with their numbers.
struct chain_bounds {
  double product = rounded::infinity, rescaled = rounded::infinity, absolute = rounded::infinity,
         semidefinite = rounded::infinity;
  std::vector<double> scales, multipliers;
  std::array<double, 4> seconds{};  ///< that each tactic took

  /// The tactic with the least constant.
  [[nodiscard]] tactic best() const {
    tactic least = tactic::product;
    for (const tactic other : {tactic::rescaled, tactic::absolute, tactic::semidefinite})
      if (value(other) < value(least)) least = other;
    return least;
  }
  [[nodiscard]] double value(tactic t) const {
    return t == tactic::product    ? product
           : t == tactic::rescaled ? rescaled
           : t == tactic::absolute ? absolute
                                   : semidefinite;
  }
};

/// Multipliers for which the form is positive definite, from scales: with n_k the rescaled norms, s_K = n_K^2
/// (D_K/C_K)^2, s_(K-1) = n_K^2 n_(K-1)^2 (D_(K-1)/C_(K-1))^2, ... prove [-c, c]; t = s c / (c - low) proves [low, c],
/// and s c / (c + high) proves [-c, high].
inline multipliers start_of(const chain& c, const std::vector<double>& scale, sectors which, double room) {
  const std::size_t count = c.bends.size();
  std::vector<double> norm_squares;
  const double* before = scale.data();
  for (std::size_t k = 0; k <= count; ++k) {
    const nonlinearity* const left = k > 0 ? &c.bends[k - 1] : nullptr;
    const double* const behind = left == nullptr ? before : before + left->runs();
    const linear_map m = rescaled_map(c.maps[k], left, before, k < count ? &c.bends[k] : nullptr, behind);
    const double norm = spectral_norm(m.entries.at, m.rows, m.columns).value;
    norm_squares.push_back(std::max(norm * norm, 1e-200) * (1 + room));
    before = behind;
  }
  multipliers at;
  at.of_run.resize(scale.size());
  double share = 1;
  std::size_t run = scale.size();
  for (std::size_t k = count; k-- > 0;) {
    const nonlinearity& f = c.bends[k];
    share *= norm_squares[k + 1];
    const double steepest = f.steepest(), low = f.slopes.low, high = f.slopes.high;
    const double other = high >= -low ? -low : high;
    const double factor = which == sectors::symmetric ? 0.5 : steepest / (steepest + other);
    for (std::size_t r = f.runs(); r-- > 0;) {
      const double d = scale[--run] / steepest;
      at.of_run[run] = factor * share * d * d;
    }
  }
  at.square = share * norm_squares[0];
  return at;
}

/// Minimises from the given scales; L^2 = infinity if no start was found.
inline multipliers search(const chain& c, const std::vector<double>& scale, sectors which, double gap) {
  barrier program(c, which);
  for (const double room : {0.02, 0.2, 2.0}) {
    multipliers at = start_of(c, scale, which, room);
    if (program.minimise(at, gap)) return at;
  }
  return {rounded::detail::unbounded(), {}};
}

/// The best scales, and what they prove.
inline void rescale(const chain& c, const tighten_options& options, chain_bounds& found) {
  const multipliers symmetric = search(c, found.scales, sectors::symmetric, options.gap);
  if (!symmetric.of_run.empty()) {
    std::size_t run = 0;
    for (const nonlinearity& f : c.bends)
      for (std::size_t r = 0; r < f.runs(); ++r, ++run)
        found.scales[run] = f.steepest() * std::sqrt(symmetric.of_run[run]);
    found.rescaled = rescaled_bound(c, found.scales.data());
  }
  if (!(found.rescaled < found.product)) found.rescaled = found.product, found.scales.assign(found.scales.size(), 1);
}

/// The best multipliers, and what they prove; from the scales.
inline void certify_semidefinite(const chain& c, const tighten_options& options, chain_bounds& found) {
  const multipliers own = search(c, found.scales, sectors::own, options.gap);
  if (own.of_run.empty()) return;
  found.multipliers = own.of_run;
  for (double margin = 1e-9; margin < 1e-3; margin *= 8) {
    const double claim = std::sqrt(own.square) * (1 + margin);
    if (!semidefinite_proves(c, own.of_run.data(), claim)) continue;
    found.semidefinite = claim;
    return;
  }
}

/// All tactics on one chain.
inline chain_bounds bounds_of(const chain& c, const tighten_options& options) {
  chain_bounds found;
  const std::size_t runs = c.multipliers();
  found.scales.assign(runs, 1), found.multipliers.assign(runs, 1);
  if (c.maps.empty()) {
    found.product = found.rescaled = found.absolute = found.semidefinite = 1;
    return found;
  }
  const auto timed = [&found](tactic t, auto&& work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    found.seconds[static_cast<std::size_t>(t)] =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  timed(tactic::product, [&] { found.product = rescaled_bound(c, nullptr); });
  timed(tactic::absolute, [&] { found.absolute = absolute_bound(c); });
  std::size_t order = std::min(c.maps[0].rows, c.maps[0].columns);
  for (const nonlinearity& f : c.bends) order += f.size;
  if (runs == 0 || order > options.largest_form || !rounded::is_finite(found.product)) {
    found.rescaled = found.semidefinite = found.product;
    return found;
  }
  timed(tactic::rescaled, [&] { rescale(c, options, found); });
  timed(tactic::semidefinite, [&] { certify_semidefinite(c, options, found); });
  return found;
}

/// The witness that claims the best of each chain.
template <class Net> witness<Net> witness_of(const std::vector<chain>& chains, const std::vector<chain_bounds>& found) {
  witness<Net> w;
  auto to = w.multiplier.begin();
  for (std::size_t k = 0; k < chains.size(); ++k) {
    w.tactics[k] = found[k].best();
    w.claims[k] = found[k].value(w.tactics[k]);
    const auto& numbers = w.tactics[k] == tactic::semidefinite ? found[k].multipliers : found[k].scales;
    to = std::copy(numbers.begin(), numbers.end(), to);
  }
  return w;
}

}  // namespace certificates

/// The tightest bound that the tactics find, proved by verify: { value, formula, method, witness }.
template <class Net, class Real>
lipschitz_bound<64 * (Net::depth + 1), witness<Net>> tighten(const parameters<Net, Real>& p,
                                                             const tighten_options& options = {}) {
  const auto all = certificates::chains_of(p);
  std::vector<certificates::chain_bounds> found;
  for (const certificates::chain& c : all.chains) found.push_back(certificates::bounds_of(c, options));
  return verify(p, certificates::witness_of<Net>(all.chains, found));
}

}  // namespace taut
