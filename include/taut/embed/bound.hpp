// SPDX-License-Identifier: Apache-2.0
// What an exported header says of its Lipschitz constant: the number, what it is made of, what a compiler needs to check
// it again, and where it does.
//
//   namespace digits {
//   inline constexpr double lipschitz = 0x1.8p+2;
//   inline constexpr double lipschitz_factors[4] = {...};        // or: inline constexpr taut::witness<Net> witness
//   static_assert(taut::proves_lipschitz<parameters, lipschitz_factors>(lipschitz));
#pragma once
#include <algorithm>
#include <cstddef>
#include <string>
#include <taut/base/rounding.hpp>
#include <taut/certify/lipschitz_of.hpp>
#include <taut/certify/witness.hpp>
#include <taut/embed/literal.hpp>
#include <taut/embed/proof.hpp>
#include <vector>

namespace taut::exported {

/// A bound as a header states it. In `claim` and `included`, Q is what qualifies the names of the header.
struct stated_bound {
  double value = rounded::infinity;
  std::string formula;
  std::string declarations;          ///< what the claim needs beyond parameters and lipschitz
  std::string claim;                 ///< what the compiler is to find true
  std::string included;              ///< the header that declares it
  std::size_t work = infinite_work;  ///< of a compiler, in multiply-adds
  std::size_t most = longest_proof;  ///< the work that default limits allow
};

/// Where the compiler checks a bound.
enum class place { header, file, nowhere };
constexpr place place_of_proof(const stated_bound& bound, bool apart) {
  if (!rounded::is_finite(bound.value) || bound.claim.empty() || bound.work > bound.most) return place::nowhere;
  if (apart) return place::file;
  return bound.work <= constant_work ? place::header : place::nowhere;
}

/// Factors and a bound are written a little wider than they were proved, since other flags round a proof differently.
inline constexpr double wider = 1 + 1e-9;

/// The product of the certified norms, one factor a layer.
template <Network Net> stated_bound product_bound(const parameters<Net>& p) {
  std::vector<double> factors;
  stated_bound bound{.value = 1,
                     .formula = std::string(lipschitz_of(p).formula.view()),
                     .declarations = {},
                     .claim = {},
                     .included = "taut/embed/proof.hpp",
                     .work = proof_work<Net>,
                     .most = longest_proof};
  for (const double f : certificates::factors(p)) {
    factors.push_back(f == 1 ? 1 : rounded::mul_up(f, wider));
    bound.value = rounded::mul_up(bound.value, factors.back());
  }
  if (Net::depth == 0 || !compiler_can_prove<Net> || !rounded::is_finite(bound.value)) return bound;
  std::string list;
  write_values<double>(list, factors, "    ");
  bound.declarations =
      "/// What it is the product of, one factor a layer.\ninline constexpr double lipschitz_factors[" +
      std::to_string(Net::depth) + "] = {" + list + "};\n";
  bound.claim = "taut::proves_lipschitz<Qparameters, Qlipschitz_factors>(Qlipschitz)";
  return bound;
}

/// What a compiler does to verify a witness, in multiply-adds: reading the matrices, and for each chain its norms or its
/// one matrix. infinite_work where factors between the chains would have to be found.
template <Network Net> std::size_t verification_work(const parameters<Net>& p, const witness<Net>& w) {
  using layout = certificates::chain_layout<Net>;
  bool possible = true;
  base::for_each_index<Net::depth>([&]<std::size_t I>() {
    using L = layer_of<Net, I>;
    if (layout::parts[I] == certificates::part::end)
      possible = possible && L::reads != fusion::affine && base::networks_inside<L>() == 0;
    if constexpr (requires { typename L::folded_layer; }) possible = possible && L::folds_in_one_pass;
  });
  if (!possible) return infinite_work;
  const auto all = certificates::chains_of(p);
  std::size_t work = 0;
  for (std::size_t k = 0; k < all.chains.size(); ++k) {
    const certificates::chain& c = all.chains[k];
    for (const certificates::linear_map& m : c.maps) {
      work += 32 * m.rows * m.columns;
      if (w.tactics[k] != tactic::semidefinite) work += detail::norms::certificate_work(m.rows, m.columns);
    }
    if (w.tactics[k] != tactic::semidefinite || c.maps.empty()) continue;
    const std::size_t narrow = std::min(c.maps[0].rows, c.maps[0].columns), last = c.maps.back().columns;
    std::size_t form = narrow;  // where the input stays
    for (const certificates::nonlinearity& f : c.bends) form += f.size;
    work += c.maps[0].rows * c.maps[0].rows / 2 * c.maps[0].columns + last * last / 2 * c.maps.back().rows +
            form * form * form / 6;
  }
  return work;
}

/// What a witness proves: claims a little wider than they were found, and room for norms that a compiler, which searches
/// less, finds 1e-5 larger.
template <Network Net> stated_bound witness_bound(const parameters<Net>& p, witness<Net> w) {
  for (double& claim : w.claims) claim = rounded::is_finite(claim) ? rounded::mul_up(claim, wider) : 0;
  const auto proved = verify(p, w);
  stated_bound bound{.value = proved.value,
                     .formula = std::string(proved.formula.view()),
                     .declarations = {},
                     .claim = "taut::verify(Qparameters, Qwitness).value <= Qlipschitz",
                     .included = "taut/certify/witness.hpp",
                     .work = verification_work(p, w),
                     .most = constant_work};  // one constant expression
  std::string tactics, claims, multipliers;
  for (const tactic t : w.tactics) {
    tactics += (tactics.empty() ? "" : ", ") + ("taut::tactic::" + std::string(name_of(t)));
    bound.value = rounded::mul_up(bound.value, t == tactic::semidefinite ? wider : 1 + 2e-5 * (1 + Net::depth));
  }
  write_values<double>(claims, w.claims, "     ");
  write_values<double>(multipliers, w.multiplier, "     ");
  bound.declarations =
      "/// Its proof: for each chain of layers a tactic, what it claims, and the numbers that show it.\n"
      "inline constexpr taut::witness<Net> witness = {\n    {" +
      wrapped(tactics, " ", "     ") + "},\n    {" + claims + "},\n    {" + multipliers + "}};\n";
  return bound;
}

}  // namespace taut::exported
