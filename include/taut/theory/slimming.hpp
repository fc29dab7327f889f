// SPDX-License-Identifier: Apache-2.0
// Training for pruning (network slimming: Liu et al. 2017), by what is done after each step of an optimizer:
//
//   fit(p, data, batch<32>{}, options, with_sparse_gains<Net>(sgd{}, 0.01));         // makes |gain| smaller, down to 0
//   fit(small.padded, data, batch<32>{}, options, on_kept_channels(small, sgd{}));   // removed channels stay removed
//
// Gains move towards 0 by rate * penalty, and stop there: the proximal step of penalty * sum |gain|, which unlike its
// slope reaches 0 exactly. What follows a gain of 0 is a constant, and removing it changes nothing (theory/prune.hpp).
#pragma once
#include <algorithm>
#include <cstddef>
#include <memory>
#include <string_view>
#include <taut/base/text.hpp>
#include <taut/net/parameters.hpp>
#include <taut/theory/channel_gates.hpp>
#include <taut/theory/prune.hpp>
#include <taut/train/optimizer.hpp>
#include <utility>
#include <vector>

namespace taut {

/// An optimizer whose steps are followed by a proximal step of the sum of |gain| over these tensors.
template <Optimizer O> struct sparse_gains {
  O optimizer;
  double penalty = 0;
  std::vector<std::size_t> tensors;  ///< their places in the list of trainable tensors

  /// One step of the optimizer, and rate * penalty towards 0.
  void step(const tensor_list& values, const tensor_list& gradients, double rate) {
    optimizer.step(values, gradients, rate);
    const auto by = static_cast<float>(rate * penalty);
    for (const std::size_t t : tensors)
      for (float& gain : values[t]) gain = gain > by ? gain - by : gain < -by ? gain + by : 0.0f;
  }
};

/// An optimizer that makes the gains of all gates of Net sparse.
template <Network Net, Optimizer O> [[nodiscard]] sparse_gains<O> with_sparse_gains(O optimizer, double penalty) {
  sparse_gains<O> made{std::move(optimizer), penalty, {}};
  const auto p = std::make_unique<parameters<Net>>();
  std::size_t place = 0;
  for_each_described_tensor(*p, [&](const tensor_info& info, auto) {
    if (info.purpose != role::trainable) return;
    for (const channel_gate& gate : channel_gates<Net>)
      if (info.key == base::say(gate.gate, ".weight").view()) made.tensors.push_back(place);
    ++place;
  });
  return made;
}

/// An optimizer whose steps leave what has been removed at 0. (Behind ReLU its slopes are 0 anyway; where 0 becomes
/// another number, columns that read it have some.)
template <Optimizer O> struct zero_keeping {
  O optimizer;
  std::vector<std::vector<float>> stays;  ///< of each trainable tensor: 1, or 0 where it stays 0

  /// One step of the optimizer, which sees 0 where gradients of removed channels are.
  void step(const tensor_list& values, const tensor_list& gradients, double rate) {
    clear(gradients);  // the optimizer may look at all of them at once
    optimizer.step(values, gradients, rate);
    clear(values);
  }

 private:
  void clear(const tensor_list& tensors) const {
    for (std::size_t t = 0; t < tensors.size(); ++t)
      for (std::size_t i = 0; i < tensors[t].size(); ++i)
        if (stays[t][i] == 0) tensors[t][i] = 0;
  }
};

/// An optimizer that trains the padded parameters of a pruned network as if they were those of the smaller one.
template <Network Net, Optimizer O>
[[nodiscard]] zero_keeping<O> on_kept_channels(const pruned_network<Net>& pruned, O optimizer) {
  zero_keeping<O> made{std::move(optimizer), {}};
  const auto mask = std::make_unique<parameters<Net>>();
  for (const auto& values : trainable(*mask)) std::ranges::fill(values, 1.0f);
  base::clear_removed(*mask, pruned.kept);
  for (const auto& values : trainable(*mask)) made.stays.emplace_back(values.begin(), values.end());
  return made;
}

}  // namespace taut
