// SPDX-License-Identifier: Apache-2.0
// Stochastic gradient descent with momentum and weight decay, as PyTorch defines it:
//
//   v <- momentum v + (g + weight_decay w)        w <- w - rate v
//
// An optimizer is any type with step(values, gradients, rate) over lists of tensors; it keeps its own state.
// Example: sgd descend{.momentum = 0.9};  descend.step(trainable(p), trainable(dp), 0.01);
#pragma once
#include <cassert>
#include <cstddef>
#include <span>
#include <taut/net/parameters.hpp>
#include <vector>

namespace taut {

/// Tensors that are changed or read together, in file order.
using tensor_list = std::vector<std::span<float>>;

/// The tensors that training changes: never buffers.
template <class Net> [[nodiscard]] tensor_list trainable(parameters<Net>& p) {
  tensor_list list;
  for_each_described_tensor(p, [&list](const tensor_info& info, auto values) {
    if constexpr (std::same_as<decltype(values), std::span<float, decltype(values)::extent>>)
      if (info.purpose == role::trainable) list.push_back(values);
  });
  return list;
}

/// What changes parameters by their gradients.
template <class O>
concept Optimizer = requires(O o, const tensor_list& values, const tensor_list& gradients, double rate) {
  o.step(values, gradients, rate);
};

/// Gradient descent with momentum.
struct sgd {
  double momentum = 0.9;
  double weight_decay = 0;
  std::vector<std::vector<float>> velocity = {};  ///< of each tensor; made by the first step

  /// One step against the gradients. @pre the same tensors at every step
  void step(const tensor_list& values, const tensor_list& gradients, double rate) {
    assert(values.size() == gradients.size());
    if (velocity.empty())
      for (const auto& tensor : values) velocity.emplace_back(tensor.size());
    const auto keep = static_cast<float>(momentum), decay = static_cast<float>(weight_decay),
               length = static_cast<float>(rate);
    for (std::size_t t = 0; t < values.size(); ++t) {
      float* const w = values[t].data();
      float* const v = velocity[t].data();
      const float* const g = gradients[t].data();
      for (std::size_t i = 0; i < values[t].size(); ++i) {
        v[i] = keep * v[i] + (g[i] + decay * w[i]);
        w[i] -= length * v[i];
      }
    }
  }
};

}  // namespace taut
