// SPDX-License-Identifier: Apache-2.0
// The mode of a call is a type: training with a mini-batch, or inference. They cannot be mixed up.
//
//   forward<L, In>(training<batch<32>>{noise}, p, x, y)    32 samples at once, in the lanes of V: x[group][feature],
//                                                          groups_of<batch<32>, V> groups; p mutable
//   forward<L, In>(inference{}, p, x, y)                   one sample (or one a lane), as net/evaluate.hpp runs it
//
// Layers are lifted sample by sample. One that couples the samples of a batch states, beside its forward for inference,
//   forward_batch<In>(mode, p, x, y, groups)                   p mutable: running statistics may change
//   gradient_batch<In>(mode, p, x, y, dy, dx, dp, groups)
//   smallest_batch(shape)                                      perhaps: how many samples it needs, 1 where not stated
#pragma once
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <taut/base/error.hpp>
#include <taut/net/evaluate.hpp>
#include <taut/net/network.hpp>
#include <taut/simd/portable.hpp>
#include <type_traits>

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
  /// The forward of a step once more, for its gradient: what it computes with is as the first one left it.
  bool repeats = false;
};

/// Registers that hold the samples of a batch, one sample a lane.
template <class Batch, simd::lane V> inline constexpr std::size_t groups_of =
    simd::ceil_div(Batch::size, simd::width<V>);

/// Samples in group `group`; the lanes behind them repeat a sample, and their dy is 0.
template <class Batch, simd::lane V> constexpr std::size_t samples_in_group(std::size_t group) {
  const std::size_t left = Batch::size - group * simd::width<V>;
  return left < simd::width<V> ? left : simd::width<V>;
}

/// A batch is too small to train on, or none is given. Never defined: its arguments are the message.
template <base::phrase... Sentence> struct batch_error;
/// A layer in training cannot change what it must. Never defined: its arguments are the message.
template <base::phrase... Sentence> struct mode_error;

namespace base {

/// The first layer of a network, inside blocks too, that needs more than `given` samples.
struct batch_need {
  std::size_t samples = 1;  ///< how many it needs; 1 if there is no such layer
  words place, name;        ///< "2.0", "BatchNorm"
};
template <class Net> constexpr batch_need first_need(std::size_t given, const words& inside = {}) {
  batch_need found;
  for_each_index<Net::depth>([&]<std::size_t I>() {
    using L = layer_of<Net, I>;
    if (found.samples > given) return;
    const words place = say(inside, I);
    if constexpr (requires { L::smallest_batch(Net::shapes[I]); }) {
      if (L::smallest_batch(Net::shapes[I]) > given) found = {L::smallest_batch(Net::shapes[I]), place, L::name};
    } else {
      constexpr std::size_t blocks = networks_inside<L>();
      for_each_index<blocks>([&]<std::size_t K>() {
        if (found.samples <= given)
          found = first_need<network_inside<L, Net::shapes[I], K>>(
              given, blocks == 1 ? say(place, ".") : say(place, ".", K, "."));
      });
    }
  });
  return found;
}

template <class Net, class Batch> consteval auto judge_batch() {
  constexpr batch_need need = first_need<Net>(Batch::size);
  if constexpr (need.samples > Batch::size) {
    constexpr auto where = phrase_of<say("layer ", need.place, ", ", need.name)>();
    constexpr auto wants = phrase_of<say("trains on ", need.samples, " samples or more")>();
    constexpr auto given = phrase_of<say("but is given batch<", Batch::size, ">")>();
    return std::type_identity<batch_error<where, wants, given>>{};
  } else {
    return std::type_identity<bool>{};
  }
}
/// bool, or a batch_error where a layer of the network needs more samples than the batch has.
template <class Net, class Batch> using fitting_batch = typename decltype(judge_batch<Net, Batch>())::type;
template <class Net, class Batch> inline constexpr bool is_fitting_batch =
    std::same_as<fitting_batch<Net, Batch>, bool>;

}  // namespace base

/// Whether layer L couples the samples of a batch.
template <class L, shape In, class Batch, class P, class V>
concept CouplesSamples = requires(training<Batch> mode, P& p, const V* x, V* y, std::size_t groups) {
  L::template forward_batch<In>(mode, p, x, y, groups);
};

/// y = layer(x) as the trained network runs it: one sample, or one in each lane of V.
template <class L, shape In, class P, class V> constexpr void forward(inference, const P& p, const V* x, V* y) {
  forward<L, In>(p, x, y);
}

/// y = layer(x) for a whole batch in training: x[group][feature], y[group][feature].
template <class L, shape In, class Batch, class P, class V>
constexpr void forward(training<Batch> mode, P& p, const V* x, V* y) {
  constexpr std::size_t groups = groups_of<Batch, V>, width = L::output(In).size();
  if constexpr (CouplesSamples<L, In, Batch, P, V>) {
    L::template forward_batch<In>(mode, p, x, y, groups);
  } else if constexpr (CouplesSamples<L, In, Batch, std::remove_const_t<P>, V>) {
    constexpr auto where = base::phrase_of<L::name>();
    constexpr auto wants = base::phrase_of<base::say("changes parameters in training")>();
    constexpr auto given = base::phrase_of<base::say("but is given constant ones")>();
    mode_error<where, wants, given>{};  // <- read the quoted words
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
