// SPDX-License-Identifier: Apache-2.0
// Which elements of a network's vector of parameters (theory/batch_loss.hpp) are scale-invariant, read off the type:
// multiplied by any a > 0, all of them together, they leave the loss in training mode as it is.
//
//   const auto chosen = invariant_elements<Net>();       // of Linear >> BN >> ReLU >> Linear: the first weight
//
// Exactly so where the epsilon of the normalizers is 0 (net/scale_invariance.hpp). Blocks have none.
#pragma once
#include <array>
#include <charconv>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <taut/net/scale_invariance.hpp>
#include <taut/theory/batch_loss.hpp>
#include <utility>
#include <vector>

namespace taut {

namespace base {

/// Whether a tensor, "3.weight", belongs to what is invariant in its layer.
inline bool is_invariant(std::string_view name, std::span<const invariance> of_layers) {
  std::size_t layer = 0;
  std::from_chars(name.data(), name.data() + name.size(), layer);
  const std::string_view key = name.substr(name.find('.') + 1);
  const bool weight = key == "weight" || key == "weight_v" || key == "weight_orig";
  if (of_layers[layer] == invariance::with_bias) return weight || key == "bias";
  return of_layers[layer] == invariance::alone && weight;
}

}  // namespace base

/// The positions of the weights in which the network is scale-invariant, of those that are so with their bias both.
template <Network Net> [[nodiscard]] std::vector<std::size_t> invariant_elements() {
  const auto of_layers = []<std::size_t... I>(std::index_sequence<I...>) {
    return std::array<invariance, Net::depth + 1>{scale_invariant<Net, I>...};
  }(std::make_index_sequence<Net::depth>{});
  const auto p = std::make_unique<parameters<Net>>();
  std::vector<std::size_t> chosen;
  std::size_t at = 0;
  base::for_each_trainable<Net, float>(*p, [&](const tensor_info& info, auto values) {
    const bool invariant = base::is_invariant(info.key, of_layers);
    for (std::size_t i = 0; i < values.size(); ++i, ++at)
      if (invariant) chosen.push_back(at);
  });
  return chosen;
}

}  // namespace taut
