// SPDX-License-Identifier: Apache-2.0
// Channels that a gain can switch off. A gate is a layer y = gain z + offset with a gain, an offset and statistics of
// its own for each channel (batch norm, instance norm), between the affine layer that makes the channels and the affine
// layer that reads them: where the gain is 0 the channel is the constant `offset`, and both layers can do without it.
//
//   Input<64> >> Linear<32> >> BN >> ReLU >> Linear<10>        channel_gates<Net>: {.producer = 0, .gate = 1,
//                                                              .consumer = 3, .channels = 32}
//
// Layer and group norm are no gates: a channel whose gain is 0 still enters the mean and the std of the others.
#pragma once
#include <array>
#include <cstddef>
#include <taut/base/error.hpp>
#include <taut/net/network.hpp>
#include <tuple>
#include <type_traits>

namespace taut {

/// A gate: positions of the affine layer that makes the channels, of the gate, and of the affine layer that reads them.
struct channel_gate {
  std::size_t producer = 0, gate = 0, consumer = 0;
  std::size_t channels = 0;
  bool operator==(const channel_gate&) const = default;
};

/// A network has no channels that could be removed. Never defined: its arguments are the message.
template <base::phrase... Sentence> struct prune_error;

namespace base {

/// What a layer is to channels.
struct channel_role {
  bool affine = false;      ///< makes every output channel of all input channels, weights as stored
  bool holds = false;       ///< what a constant input adds can be kept: in a bias or in the mean of the norm behind it
  bool gate = false;        ///< gain, offset and statistics of each channel are its own
  bool by_channel = false;  ///< each channel of the output is made of that channel of the input
  bool pools_channels = false;  ///< has gains, but statistics that several channels share
};

/// What layer L is to the channels of shape In.
template <class L, shape In> constexpr channel_role role_of_channels() {
  using P = parameters_of_layer<L, In>;
  channel_role r;
  if constexpr (requires { L::named(1, 1); }) {
    r.affine = true;
    if constexpr (requires { L::channel_groups; }) r.affine = L::channel_groups == 1;
    r.holds = L::has_bias;
  } else if constexpr (requires(P p) { p.gain, p.offset; }) {
    constexpr bool of_channels = std::tuple_size_v<decltype(P::gain)> == In.channels() && L::has_affine;
    if constexpr (L::reads == fusion::scaling) r.gate = of_channels && L::per_channel;
    if constexpr (L::reads == fusion::normalizer) {
      // whatever their number is: GroupNorm<8> of 8 channels would become another layer
      constexpr auto runs_of = [](shape s) { return L::accepts(s) ? L::pooled(s).groups : 0; };
      constexpr shape one = In.rank == 2 ? shape{1, In.extent[1]} : shape{1, In.extent[1], In.extent[2]};
      if constexpr (of_channels && In.rank > 1)
        r.gate = runs_of(In) == In.channels() && runs_of(one) == 1 && L::feature(In, In.positions() - 1) == 0;
      r.pools_channels = L::has_affine && !r.gate;
    }
  } else if constexpr (std::is_same_v<P, no_parameters>) {
    r.by_channel = L::reads == fusion::pointwise;
    if constexpr (requires { L::by_channel; }) r.by_channel = L::by_channel;
  }
  return r;
}

/// The role of each layer, and behind the last one that of none.
template <class Net> inline constexpr auto channel_roles = [] {
  std::array<channel_role, Net::depth + 1> roles{};
  for_each_index<Net::depth>([&]<std::size_t I>() { roles[I] = role_of_channels<layer_of<Net, I>, Net::shapes[I]>(); });
  for_each_index<Net::depth>([&]<std::size_t I>() {  // a mean that is subtracted right behind holds constants, too
    if constexpr (requires(parameters_of_layer<layer_of<Net, I>, Net::shapes[I]> p) { p.running_mean; })
      if (I > 0 && roles[I - 1].affine) roles[I - 1].holds = true;
  });
  return roles;
}();

/// Calls found(gate) for each gate in order: affine, layers by channel, gate, layers by channel, affine.
template <class Net> constexpr void find_gates(auto&& found) {
  constexpr auto& roles = channel_roles<Net>;
  for (std::size_t producer = 0; producer < Net::depth; ++producer) {
    if (!roles[producer].affine) continue;
    std::size_t gate = producer + 1;
    while (roles[gate].by_channel) ++gate;
    if (!roles[gate].gate) continue;
    std::size_t consumer = gate + 1;
    while (roles[consumer].by_channel) ++consumer;
    if (roles[consumer].affine && roles[consumer].holds)
      found(channel_gate{producer, gate, consumer, Net::shapes[gate].channels()});
  }
}

/// How many gates a network has.
template <class Net> constexpr std::size_t count_of_gates() {
  std::size_t count = 0;
  find_gates<Net>([&count](const channel_gate&) { ++count; });
  return count;
}

}  // namespace base

/// The gates of a network, in order; what is inside blocks is not looked at.
template <Network Net> inline constexpr auto channel_gates = [] {
  std::array<channel_gate, base::count_of_gates<Net>()> gates{};
  std::size_t next = 0;
  base::find_gates<Net>([&](const channel_gate& gate) { gates[next++] = gate; });
  return gates;
}();

/// The channels of all gates.
template <Network Net> inline constexpr std::size_t gated_channels = [] {
  std::size_t sum = 0;
  for (const channel_gate& gate : channel_gates<Net>) sum += gate.channels;
  return sum;
}();

namespace base {

/// std::type_identity of bool, or of the error that says why a network has no gates.
template <class Net> consteval auto judge_gates() {
  if constexpr (channel_gates<Net>.size() == 0) {
    constexpr std::size_t pooling = [] {
      std::size_t i = 0;
      while (i < Net::depth && !channel_roles<Net>[i].pools_channels) ++i;
      return i;
    }();
    if constexpr (pooling < Net::depth) {
      constexpr auto where = phrase_of<say("layer ", pooling, ", ", layer_of<Net, pooling>::name)>();
      constexpr auto what = phrase_of<say("pools channels: one without gain")>();
      constexpr auto so = phrase_of<say("still enters the std of the others")>();
      return std::type_identity<prune_error<where, what, so>>{};
    } else {
      constexpr auto wants = phrase_of<say("pruning wants a norm by channel")>();
      constexpr auto where = phrase_of<say("between two affine layers,")>();
      constexpr auto holds = phrase_of<say("the second with a bias or before BN")>();
      return std::type_identity<prune_error<wants, where, holds>>{};
    }
  } else {
    return std::type_identity<bool>{};
  }
}
/// bool, or the error for a network without gates.
template <class Net> using fitting_gates = typename decltype(judge_gates<Net>())::type;

}  // namespace base

}  // namespace taut
