// SPDX-License-Identifier: Apache-2.0
// What training minimises. `fit` takes an objective as its last argument; without one it is cross_entropy{}.
//
//   fit(p, data, batch<64>{}, options, adamw{}, margin_loss{.radius = 0.5});       // train/margin_loss.hpp
//
// An objective states `in<Net, Batch, V>`, what it keeps while it trains Net, made from the objective and the
// parameters. In each step, in this order:
//   prepare(p, progress)                  what depends on the parameters alone; progress in (0, 1)
//   loss(record, group, labels, share)    for each group of samples: its tally; the gradient of share * loss with
//                                         respect to the outputs goes to record.output_gradient(group)
//   backward(record, p, dp)               dp = the whole gradient, by record.backward
// Perhaps judge<Net>(): std::type_identity of bool, or of the error for a network that it cannot train.
#pragma once
#include <cstddef>
#include <span>
#include <taut/base/error.hpp>
#include <taut/net/network.hpp>
#include <taut/simd/lane.hpp>
#include <taut/train/loss.hpp>
#include <taut/train/tape.hpp>
#include <type_traits>

namespace taut {

/// What training can minimise: checked against the parameters that it is to train.
template <class O, class Net, class Batch>
concept Objective = requires(const O& objective, parameters<Net>& p, tape<Net, Batch>& record,
                             typename O::template in<Net, Batch, simd::native>& state,
                             std::span<const std::size_t> labels, tally& sums) {
  typename O::template in<Net, Batch, simd::native>;
  new typename O::template in<Net, Batch, simd::native>(objective, p);
  state.prepare(p, 0.5);
  sums += state.loss(record, std::size_t{}, labels, 1.0);
  state.backward(record, p, p);
};

/// An objective cannot train a network. Never defined: its arguments are the message.
template <base::phrase... Sentence> struct objective_error;

namespace base {

template <class O, class Net> consteval auto judge_objective() {
  if constexpr (requires { O::template judge<Net>(); }) return O::template judge<Net>();
  else return std::type_identity<bool>{};
}
/// bool, or an error where an objective cannot train a network.
template <class O, class Net> using fitting_objective = typename decltype(judge_objective<O, Net>())::type;

}  // namespace base

/// Softmax cross-entropy of the outputs: train/loss.hpp.
struct cross_entropy {
  /// It keeps nothing.
  template <Network Net, class Batch, simd::lane V> struct in {
    in(const cross_entropy&, const parameters<Net>&) {}
    void prepare(const parameters<Net>&, double) {}
    tally loss(tape<Net, Batch, V>& record, std::size_t group, std::span<const std::size_t> labels, double share) {
      return softmax_cross_entropy<Net::output_size>(record.output(group), labels, share,
                                                     record.output_gradient(group));
    }
    void backward(tape<Net, Batch, V>& record, const parameters<Net>& p, parameters<Net>& dp) {
      record.backward(p, dp);
    }
  };
};

}  // namespace taut
