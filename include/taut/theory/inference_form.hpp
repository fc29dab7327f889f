// SPDX-License-Identifier: Apache-2.0
// What batch norm, weight norm, centred weight norm and spectral norm leave at inference: a plain network. Normalized
// weights are folded, and running statistics are multiplied into the affine layer before them.
//
//   struct Plain : decltype(Input<8> >> Linear<4> >> ReLU >> Linear<2>) {};
//   struct Batch : decltype(Input<8> >> WeightNorm(Linear<4>) >> BN >> ReLU >> Linear<2>) {};
//   const parameters<Plain> q = inference_form<Plain>(p);              // p: parameters<Batch>
//
// Computed in double and rounded once: evaluate(q, x) = evaluate(p, x) up to the rounding of q to float.
#pragma once
#include <concepts>
#include <cstddef>
#include <taut/net/folded.hpp>
#include <taut/net/parameters.hpp>
#include <tuple>
#include <type_traits>

namespace taut {

namespace base {

/// Layers of a network before layer I that are no scaling: the place of layer I in the plain network.
template <class Net> constexpr std::size_t place_in_form(std::size_t layer) {
  std::size_t place = 0;
  for_each_index<Net::depth>(
      [&]<std::size_t I>() { place += I < layer && layer_of<Net, I>::reads != fusion::scaling ? 1 : 0; });
  return place;
}

}  // namespace base

/// The parameters of `To`, the network of p without batch norms and with plain layers in place of parametrized ones.
/// Every batch norm must follow an affine layer with bias.
template <Network To, class From, class Real>
[[nodiscard]] constexpr parameters<To, Real> inference_form(const parameters<From, Real>& p) {
  static_assert(To::depth == base::place_in_form<From>(From::depth), "one layer for each that is no batch norm");
  parameters<To, double> made;
  base::for_each_index<From::depth>([&]<std::size_t I>() {
    using L = layer_of<From, I>;
    constexpr std::size_t J = base::place_in_form<From>(I);
    if constexpr (L::reads == fusion::scaling) {
      static_assert(I > 0 && layer_of<From, I - (I > 0)>::reads == fusion::affine, "a batch norm behind another layer");
      auto& affine = get<J - 1>(made);
      constexpr std::size_t rows = From::shapes[I].channels();
      static_assert(std::tuple_size_v<std::remove_cvref_t<decltype(affine.bias)>> == rows, "it needs a bias");
      const std::size_t columns = affine.weight.size() / rows;
      for (std::size_t row = 0; row < rows; ++row) {
        const std::size_t element = row * From::shapes[I].positions();
        const double scale = L::scale(get<I>(p), element);
        for (std::size_t k = 0; k < columns; ++k) affine.weight[row * columns + k] *= scale;
        affine.bias[row] = affine.bias[row] * scale + L::shift(get<I>(p), element);
      }
    } else {
      static_assert(std::same_as<layer_of<To, J>, folded_layer_of<From, I>>,
                    "the same layers, parametrized ones plain");
      const auto plain = folded<I>(p);
      convert_tensors(get<J>(made), *plain);
    }
  });
  return converted<Real>(made);
}

}  // namespace taut
