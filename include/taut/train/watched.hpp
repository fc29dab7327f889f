// SPDX-License-Identifier: Apache-2.0
// An optimizer whose every step is shown to a function: what training is made of, for logs and for theory. Without it
// nothing is copied and nothing is called. Projections onto what the type declares come after the step and are not in
// it.
//
//   fit(p, data, batch<64>{}, options, watched(sgd{.momentum = 0}, [&](const step_report& s) { ... }));
#pragma once
#include <cstddef>
#include <taut/train/optimizer.hpp>
#include <utility>
#include <vector>

namespace taut {

/// One step of an optimizer. The tensors are those of `trainable`, in file order. They are referred to, not copied:
/// what on_step keeps beyond its call, it copies.
struct step_report {
  std::size_t step = 0;                           ///< counted from 0
  double rate = 0;                                ///< the learning rate of this step
  const std::vector<std::vector<float>>& before;  ///< the values that the gradients were taken at
  const tensor_list& after;                       ///< the values behind the step
  const tensor_list& gradients;                   ///< as the optimizer left them
};

/// An optimizer that calls on_step(step_report) after each step of another.
template <Optimizer O, class OnStep> struct watched {
  O inner;
  OnStep on_step;

  watched(O optimizer, OnStep function) : inner(std::move(optimizer)), on_step(std::move(function)) {}
  /// The other's step, then the call.
  void step(const tensor_list& values, const tensor_list& gradients, double rate) {
    before.resize(values.size());
    for (std::size_t t = 0; t < values.size(); ++t) before[t].assign(values[t].begin(), values[t].end());
    inner.step(values, gradients, rate);
    on_step(step_report{steps++, rate, before, values, gradients});
  }

 private:
  std::vector<std::vector<float>> before;
  std::size_t steps = 0;
};

}  // namespace taut
