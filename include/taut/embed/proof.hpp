// SPDX-License-Identifier: Apache-2.0
// A Lipschitz constant checked from its witness, the norms it is made of: cheaper than to find it, and independent of
// how the norms were found, so that a compiler confirms what a program has proved.
//
//   inline constexpr double factors[] = {3.1, 4.2, 1.0, 2.7};     // one a layer
//   static_assert(proves_lipschitz<p, factors>(35.2));            // in parts, within the default limits of compilers
//   proves_lipschitz(p, factors, 35.2)                            // at run time
//
// A claimed norm of an affine layer is proved by one Cholesky factorization (certify/parts.hpp,
// spectral_norm_at_most); other factors are computed. The product of the claims must not exceed the bound.
#pragma once
#include <cstddef>
#include <iterator>
#include <taut/certify/factors.hpp>
#include <taut/certify/parts.hpp>
#include <taut/net/network.hpp>

namespace taut {

/// Whether each factor is proved to bound its layer (as certificates::factors splits the network) and their product is
/// at most `bound`: then `bound` is a Lipschitz constant, as lipschitz_of(p).value is.
template <Network Net> [[nodiscard]] constexpr bool proves_lipschitz(const parameters<Net>& p,
                                                                     const double (&factors)[Net::depth],
                                                                     double bound) {
  bool proved = true;
  double product = 1;
  base::for_each_index<Net::depth>([&]<std::size_t I>() {
    if constexpr (certificates::is<Net, I, fusion::affine>() && certificates::is_dense<Net, I>()) {
      proved = proved && certificates::with_matrix<Net, I>(
                             p, [&](const double* w, std::size_t rows, std::size_t columns, double error) {
                               return spectral_norm_at_most(w, rows, columns, factors[I], error);
                             });
    } else {
      proved = proved && certificates::factor<Net, I>(p, constant_work) <= factors[I];
    }
    product = rounded::mul_up(product, factors[I]);
  });
  return proved && product <= bound;
}

namespace exported {

/// Whether claim I is proved for the parameters P: a constant of its own, as large matrices need several.
template <const auto& P, const auto& Factors, std::size_t I> inline constexpr bool factor_proved = [] {
  using net = decltype(certificates::parts::network_of(P));
  if constexpr (certificates::is<net, I, fusion::affine>() && certificates::is_dense<net, I>())
    return certificates::norm_proved<P, I, Factors[I]>;
  else return certificates::factor<net, I>(P, constant_work) <= Factors[I];
}();

}  // namespace exported

/// The same of constants with names, each matrix in parts: then its size is not limited by one constant expression.
template <const auto& P, const auto& Factors> [[nodiscard]] consteval bool proves_lipschitz(double bound) {
  bool proved = true;
  double product = 1;
  base::for_each_index<std::size(Factors)>([&]<std::size_t I>() {
    proved = proved && exported::factor_proved<P, Factors, I>;
    product = rounded::mul_up(product, Factors[I]);
  });
  return proved && product <= bound;
}

/// What a compiler does to prove the bound of this network, in multiply-adds of about a microsecond each; infinite_work
/// where it cannot within default limits: a factorization too large for one constant, networks inside, whose norms
/// would have to be found, and parametrized weights that are not folded in one pass.
inline constexpr std::size_t infinite_work = static_cast<std::size_t>(-1);
template <Network Net> inline constexpr std::size_t proof_work = [] {
  constexpr std::size_t most_lines = 192, most_folded = std::size_t{1} << 15;
  std::size_t work = 0;
  bool possible = true;
  base::for_each_index<Net::depth>([&]<std::size_t I>() {
    using L = layer_of<Net, I>;
    constexpr std::size_t rows = Net::shapes[I + 1].size(), columns = Net::shapes[I].size();
    if constexpr (L::reads == fusion::affine) {
      work += detail::norms::proof_work(rows, columns);
      possible = possible && (rows <= most_lines || columns <= most_lines) && certificates::is_dense<Net, I>();
    }
    if constexpr (requires { typename L::folded_layer; })
      possible = possible && L::folds_in_one_pass && rows * columns <= most_folded;
    possible = possible && base::networks_inside<L>() == 0;
  });
  return possible ? work : infinite_work;
}();

/// Whether a compiler with default limits can prove the bound of this network, in half a minute at most.
inline constexpr std::size_t longest_proof = 16'000'000;
template <Network Net> inline constexpr bool compiler_can_prove = proof_work<Net> <= longest_proof;

}  // namespace taut
