// SPDX-License-Identifier: Apache-2.0
// A Lipschitz constant (Euclidean norms) proved from the weights themselves, at compile time or at run time:
//
//   static_assert(lipschitz_of(p).value <= 8);       // p constexpr
//   lipschitz_of(p).formula.view()                   // "norm(P W0) / sqrt(std1^2 + 1e-05) * norm(G1 P) * norm(W3)"
//
// Assumes: real arithmetic with the given float weights; pairs of inputs whose stds are at least the declared ones. The
// weights' norms are found here: what the type declares of them is not used.
#pragma once
#include <cstddef>
#include <string_view>
#include <taut/certify/factors.hpp>

namespace taut {

/// The witness of a bound that was found without one.
struct no_witness {};

/// A proved Lipschitz constant: the number (rounded upward), what it is made of, how it was proved, and the witness
/// that makes it quick to check again, where the method has one.
template <std::size_t TextSize, class Witness = no_witness> struct lipschitz_bound {
  double value = 0;
  base::text<TextSize> formula;
  std::string_view method;
  Witness witness{};
};

namespace certificates {

/// The text of factor I; empty where the factor is 1.
template <class Net, std::size_t I> constexpr base::words factor_text() {
  using L = layer_of<Net, I>;
  using beside = neighbours<Net>;
  if constexpr (is<Net, I, fusion::affine>()) {
    constexpr std::size_t before = beside::normalizer_before(I), next = beside::normalizer_behind(I);
    base::words w = base::say("norm(");
    if constexpr (next < Net::depth) {
      if (layer_of<Net, next>::centred) w += "P ";
    }
    for (std::size_t k = beside::behind(I); k-- > I + 1;) ((w += "S") += k) += " ";
    (w += "W") += I;
    for (std::size_t k = I; k-- > beside::first_column_scaling(I);) (w += " S") += k;
    if constexpr (before < Net::depth) {
      (w += " G") += before;
      if (layer_of<Net, before>::centred) w += " P";
    }
    return w += ")";
  } else if constexpr (is<Net, I, fusion::scaling>()) {
    if constexpr (beside::merged(I)) return base::words{};
    else return base::say("max|S", I, "|");
  } else if constexpr (is<Net, I, fusion::normalizer>()) {
    base::words w;
    if (beside::reads[beside::behind(I)] == fusion::affine) w += "1";
    else (((w += "norm(G") += I) += L::centred ? " P" : "") += ")";
    w += " / sqrt(";
    if (declared_floor<L>() > 0) ((w += "std") += I) += "^2 + ";
    return (w += L::epsilon) += ")";
  } else {
    constexpr auto& term = base::placed_lipschitz_term<Net, I>;
    constexpr bool is_sum = term.nodes[term.root].what == algebra::operation::sum;
    base::words w = base::say(is_sum ? "(" : "");
    term.print(w);
    if (is_sum) w += ")";
    return w.view() == "1" ? base::words{} : w;
  }
}

}  // namespace certificates

/// A proved Lipschitz constant of the network with these parameters: { value, formula, method, witness }. Usable in
/// static_assert when p is constexpr; sizes beyond the compilers' default limits fall back to cheaper, looser norms.
template <class Net, class Real> constexpr auto lipschitz_of(const parameters<Net, Real>& p) {
  lipschitz_bound<64 * (Net::depth + 1)> bound;
  bound.value = 1;
  for (const double f : certificates::factors(p)) bound.value = rounded::mul_up(bound.value, f);
  base::for_each_index<Net::depth>([&]<std::size_t I>() {
    constexpr auto text = certificates::factor_text<Net, I>();
    if (text.length == 0) return;
    if (bound.formula.length != 0) bound.formula += " * ";
    bound.formula += text;
  });
  if (bound.formula.length == 0) bound.formula += "1";
  bound.method = "product of certified norms, centred around normalizers";
  return bound;
}

}  // namespace taut
