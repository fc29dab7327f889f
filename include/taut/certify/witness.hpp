// SPDX-License-Identifier: Apache-2.0
// What makes a tight bound quick to check again: for each chain of a network the tactic, the constant it claims, and a
// number for each run of its nonlinearities (a scale or a multiplier). Plain numbers: an exported header can hold them.
//
//   const auto tight = tighten(p);                              // on the host (certify/tighten.hpp)
//   static_assert(verify(p, witness).value <= 5.1);             // anywhere; p and witness constexpr
//
// verify believes nothing: a claim that the numbers do not prove makes the bound infinite. Assumes what lipschitz_of
// assumes: real arithmetic, and pairs of inputs whose stds are at least the declared ones.
#pragma once
#include <array>
#include <cstddef>
#include <string_view>
#include <taut/certify/absolute.hpp>
#include <taut/certify/lipschitz_of.hpp>
#include <taut/certify/rescaled.hpp>
#include <taut/certify/semidefinite.hpp>

namespace taut {

/// How a chain is bounded.
enum class tactic {
  product,      ///< the product of its maps' norms
  rescaled,     ///< the same with a positive scale for each run
  absolute,     ///< the norm of the product of absolute values
  semidefinite  ///< one matrix, with a multiplier for each run
};

/// "product", "rescaled", "absolute", "semidefinite".
constexpr std::string_view name_of(tactic t) {
  constexpr std::string_view names[] = {"product", "rescaled", "absolute", "semidefinite"};
  return names[static_cast<std::size_t>(t)];
}

/// The proof of a bound, to be checked by verify.
template <class Net> struct witness {
  static constexpr std::size_t chains = certificates::chain_layout<Net>::chains,
                               multipliers = certificates::chain_layout<Net>::multipliers;
  std::array<tactic, chains> tactics{};
  std::array<double, chains> claims{};           ///< of semidefinite chains; others are computed
  std::array<double, multipliers> multiplier{};  ///< of the runs of all chains, in order
};

namespace certificates {

/// The constant of a chain that a tactic proves, upward; infinity if it does not prove its claim.
constexpr double proved_by(tactic how, const chain& c, const double* multiplier, double claim, std::size_t work) {
  switch (how) {
    case tactic::product:
      return rescaled_bound(c, nullptr, work);
    case tactic::rescaled:
      return rescaled_bound(c, multiplier, work);
    case tactic::absolute:
      return absolute_bound(c, work);
    case tactic::semidefinite:
      break;
  }
  return semidefinite_proves(c, multiplier, claim) ? claim : rounded::detail::unbounded();
}

/// "semidefinite(W0 .. W3)" for each chain, and the factors between them.
template <class Net> constexpr auto formula_of(const witness<Net>& w) {
  using layout = chain_layout<Net>;
  base::text<64 * (Net::depth + 1)> text;
  std::size_t chain = 0, first = 0;
  const auto put = [&](std::string_view words) {
    if (words.empty()) return;
    if (text.length != 0) text += " * ";
    text += words;
  };
  const auto finish = [&](std::size_t end) {
    while (first < end && layout::parts[first] == part::nothing) ++first;
    if (first < end) put(base::say(name_of(w.tactics[chain]), "(", first, " .. ", end - 1, ")").view());
    ++chain, first = end + 1;
  };
  base::for_each_index<Net::depth>([&]<std::size_t I>() {
    if constexpr (layout::parts[I] == part::end) {
      finish(I);
      constexpr auto factor = factor_text<Net, I>();
      put(factor.view());
    }
  });
  finish(Net::depth);
  if (text.length == 0) text += "1";
  return text;
}

}  // namespace certificates

/// The Lipschitz constant that a witness proves for these parameters: infinity where it proves none. "semidefinite(0 ..
/// 3)" in the formula are layers 0 to 3, bounded together.
template <class Net, class Real>
constexpr lipschitz_bound<64 * (Net::depth + 1), witness<Net>> verify(const parameters<Net, Real>& p,
                                                                      const witness<Net>& w) {
  const auto all = certificates::chains_of(p);
  lipschitz_bound<64 * (Net::depth + 1), witness<Net>> bound;
  bound.value = all.between;
  bound.formula = certificates::formula_of(w);
  bound.witness = w;
  const double* multiplier = w.multiplier.data();
  std::string_view method;
  for (std::size_t k = 0; k < all.chains.size(); ++k) {
    const certificates::chain& c = all.chains[k];
    if (c.maps.empty()) continue;
    bound.value = rounded::mul_up(bound.value, certificates::proved_by(w.tactics[k], c, multiplier, w.claims[k],
                                                                       constant_work / all.chains.size()));
    multiplier += c.multipliers();
    const std::string_view name = name_of(w.tactics[k]);
    method = method.empty() || method == name ? name : std::string_view("each chain by its best tactic");
  }
  bound.method = method.empty() ? std::string_view("product") : method;
  return bound;
}

}  // namespace taut
