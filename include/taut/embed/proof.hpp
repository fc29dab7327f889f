// SPDX-License-Identifier: Apache-2.0
// A Lipschitz constant checked from its witness, the norms it is made of: cheaper than to find it, and independent of
// how the norms were found, so that a compiler confirms what a program has proved.
//
//   constexpr double factors[] = {3.1, 4.2, 1.0, 2.7};            // one a layer
//   static_assert(proves_lipschitz(p, factors, 35.2));
//
// A claimed norm of an affine layer is proved by one Cholesky factorization (spectral_norm_at_most); the factors of
// other layers are computed. The product of the claims, rounded upward, must not exceed the bound.
#pragma once
#include <cstddef>
#include <taut/certify/factors.hpp>
#include <taut/net/budget.hpp>
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

/// Whether a compiler with default limits can evaluate proves_lipschitz for this network: the factorizations together
/// within the allowance of one constant expression, no networks inside, whose norms would have to be found, and no
/// parametrized weights, which would have to be folded.
template <Network Net> inline constexpr bool compiler_can_prove = [] {
  std::size_t work = 0, inside = 0;
  base::for_each_index<Net::depth>([&]<std::size_t I>() {
    using L = layer_of<Net, I>;
    if (L::reads == fusion::affine)
      work += detail::norms::certificate_work(Net::shapes[I + 1].size(), Net::shapes[I].size());
    inside += base::networks_inside<L>();
    if constexpr (requires { typename L::folded_layer; }) ++inside;
  });
  return work <= constant_work && inside == 0;
}();

}  // namespace taut
