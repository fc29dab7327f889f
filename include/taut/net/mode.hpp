// SPDX-License-Identifier: Apache-2.0
// The mode of a call is a type: training with a mini-batch, or inference. They cannot be mixed up.
//
//   training<batch<32>>     32 samples at once, in the lanes of V: x[group][feature], groups_of<batch<32>, V> groups
//   inference               one sample, as net/evaluate.hpp runs it
//
// Layers are lifted sample by sample. One that couples the samples of a batch states, beside its forward for inference,
//   forward_batch<In>(mode, p, x, y, groups)                   p mutable: running statistics may change
//   gradient_batch<In>(mode, p, x, y, dy, dx, dp, groups)
#pragma once
#include <cstddef>
#include <cstdint>
#include <taut/net/evaluate.hpp>
#include <taut/simd/portable.hpp>

namespace taut {

/// The number of samples in a mini-batch, as a type: `batch<32>{}`.
template <std::size_t N> struct batch {
  static_assert(N > 0, "a batch has at least one sample");
  static constexpr std::size_t size = N;
};

/// The mode of a trained network.
struct inference {};

/// The mode of a network in training, with mini-batches of this type.
template <class Batch> struct training {
  using batch_type = Batch;
  /// Seeds what a layer draws at random: another number for each layer and each step, the same forward and backward.
  std::uint64_t noise = 0;
};

/// Registers that hold the samples of a batch, one sample a lane.
template <class Batch, simd::lane V> inline constexpr std::size_t groups_of =
    (Batch::size + simd::width<V> - 1) / simd::width<V>;

/// Samples in group `group`; the lanes behind them repeat a sample, and their dy is 0.
template <class Batch, simd::lane V> constexpr std::size_t samples_in_group(std::size_t group) {
  const std::size_t left = Batch::size - group * simd::width<V>;
  return left < simd::width<V> ? left : simd::width<V>;
}

/// Whether layer L couples the samples of a batch.
template <class L, shape In, class Batch, class P, class V>
concept CouplesSamples = requires(training<Batch> mode, P& p, const V* x, V* y, std::size_t groups) {
  L::template forward_batch<In>(mode, p, x, y, groups);
};

/// y = layer(x) for a whole batch in training: x[group][feature], y[group][feature].
template <class L, shape In, class Batch, class P, class V>
constexpr void forward(training<Batch> mode, P& p, const V* x, V* y) {
  constexpr std::size_t groups = groups_of<Batch, V>, width = L::output(In).size();
  if constexpr (CouplesSamples<L, In, Batch, P, V>) {
    L::template forward_batch<In>(mode, p, x, y, groups);
  } else {
    for (std::size_t g = 0; g < groups; ++g) forward<L, In>(static_cast<const P&>(p), x + g * In.size(), y + g * width);
  }
}

/// dx from dy for a whole batch; the parameters' gradients, summed over samples, are added to dp.
template <class L, shape In, class Batch, class P, class V>
constexpr void gradient(training<Batch> mode, const P& p, const V* x, const V* y, const V* dy, V* dx, P& dp) {
  constexpr std::size_t groups = groups_of<Batch, V>, width = L::output(In).size();
  if constexpr (CouplesSamples<L, In, Batch, P, V>) {
    L::template gradient_batch<In>(mode, p, x, y, dy, dx, dp, groups);
  } else {
    for (std::size_t g = 0; g < groups; ++g) {
      const std::size_t in = g * In.size(), out = g * width;
      gradient<L, In>(p, x + in, y + out, dy + out, dx + in, dp);
    }
  }
}

}  // namespace taut
