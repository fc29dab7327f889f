// SPDX-License-Identifier: Apache-2.0
// Which channels stay: those with the largest gains (network slimming: Liu et al. 2017).
//
//   channels_above(p, 0.05)          those with |gain| > 0.05
//   largest_channels(p, 0.5)         half of all, wherever they are; largest_channels_of_each(p, 0.5): of each
//   largest_channels<Small>(p)       of each gate as many as the smaller network has
//   masked(p, kept)                  the gains of all others are 0: they are constants
//
// Each gate (theory/channel_gates.hpp) keeps one or more. A channel stays whatever its gain if its constant is not zero
// and the convolution that reads it pads: the constant would not be the same at all positions, and no bias could stand
// for it.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <stdexcept>
#include <string>
#include <taut/base/rounding.hpp>
#include <taut/net/evaluate.hpp>
#include <taut/net/parameters.hpp>
#include <taut/theory/channel_gates.hpp>
#include <vector>

namespace taut {

/// For each gate of a network, in order, the channels that stay: ascending, one or more.
using kept_channels = std::vector<std::vector<std::size_t>>;

namespace base {

/// Calls f.operator()<G>() for each gate G of a network.
template <class Net> constexpr void for_each_gate(auto&& f) { for_each_index<channel_gates<Net>.size()>(f); }

/// What the channels of a gate become where their gain is 0.
struct channel_constants {
  std::size_t outputs = 0;     ///< output channels of the consumer
  std::vector<double> onward;  ///< [channel][output channel]: what the constant adds there
  std::vector<bool> exact;     ///< of each channel: it adds the same at all positions, which a bias can
};

/// What removing each channel of gate G leaves: computed in double.
template <std::size_t G, class Net> channel_constants constants_of(const parameters<Net>& p) {
  constexpr channel_gate at = channel_gates<Net>[G];
  std::vector<double> here(largest_activation<Net>()), next(here.size());
  for (std::size_t i = 0; i < Net::shapes[at.gate].size(); ++i)
    here[i] = static_cast<double>(get<at.gate>(p).offset[i / Net::shapes[at.gate].positions()]);
  for_each_index<at.consumer - at.gate - 1>([&]<std::size_t K>() {
    constexpr std::size_t I = at.gate + 1 + K;
    forward<layer_of<Net, I>, Net::shapes[I]>(get<I>(p), here.data(), next.data());
    here.swap(next);
  });
  using L = layer_of<Net, at.consumer>;
  constexpr shape in = Net::shapes[at.consumer], out = Net::shapes[at.consumer + 1];
  constexpr std::size_t block = in.size() / at.channels;
  channel_constants c{out.channels(), std::vector<double>(at.channels * out.channels()),
                      std::vector<bool>(at.channels, true)};
  for (std::size_t k = 0; k < at.channels; ++k)
    for (std::size_t row = 0; row < out.size(); ++row) {
      double sum = 0;
      for (std::size_t i = k * block; i < (k + 1) * block; ++i)
        sum += L::template weight<in>(get<at.consumer>(p), row, i) * here[i];
      double& first = c.onward[k * out.channels() + row / out.positions()];
      if (row % out.positions() == 0) first = sum;
      else if (sum != first) c.exact[k] = false;
    }
  return c;
}

/// |gain| of all channels of all gates; infinite for NaN and for a channel that cannot be removed: padding cuts off its
/// constant.
template <class Net> std::vector<std::vector<double>> channel_strengths(const parameters<Net>& p) {
  std::vector<std::vector<double>> strengths;
  for_each_gate<Net>([&]<std::size_t G>() {
    const channel_constants constants = constants_of<G>(p);
    auto& of_gate = strengths.emplace_back();
    for (const float gain : get<channel_gates<Net>[G].gate>(p).gain) {
      const double strength = rounded::is_nan(gain) ? rounded::infinity : std::abs(static_cast<double>(gain));
      of_gate.push_back(constants.exact[of_gate.size()] ? strength : rounded::infinity);
    }
  });
  return strengths;
}

/// The places of the `count` largest numbers, ascending; of equal ones the first.
inline std::vector<std::size_t> places_of_largest(const std::vector<double>& numbers, std::size_t count) {
  std::vector<std::size_t> places(numbers.size());
  for (std::size_t i = 0; i < places.size(); ++i) places[i] = i;
  std::ranges::sort(places, [&](std::size_t a, std::size_t b) {
    return numbers[a] > numbers[b] || (numbers[a] == numbers[b] && a < b);
  });
  places.resize(std::min(count, places.size()));
  std::ranges::sort(places);
  return places;
}

/// @throws std::invalid_argument unless each gate has a list of channels, ascending, one or more
template <class Net> void check_kept(const kept_channels& kept) {
  constexpr auto& gates = channel_gates<Net>;
  if (kept.size() != gates.size())
    throw std::invalid_argument("channels of " + std::to_string(kept.size()) + " gates are kept, but the network has " +
                                std::to_string(gates.size()));
  for (std::size_t g = 0; g < gates.size(); ++g)
    if (kept[g].empty() || kept[g].back() >= gates[g].channels ||
        std::ranges::adjacent_find(kept[g], std::greater_equal<>{}) != kept[g].end())
      throw std::invalid_argument("of layer " + std::to_string(gates[g].gate) + " one or more of channels 0 to " +
                                  std::to_string(gates[g].channels - 1) + " are kept, in ascending order");
}

}  // namespace base

/// The channels with |gain| > threshold, and of a gate that has none the strongest.
template <Network Net> [[nodiscard]] kept_channels channels_above(const parameters<Net>& p, double threshold) {
  kept_channels kept;
  for (const auto& strengths : base::channel_strengths(p)) {
    const auto strong = std::ranges::count_if(strengths, [&](double s) { return s > threshold; });
    kept.push_back(base::places_of_largest(strengths, std::max<std::size_t>(1, static_cast<std::size_t>(strong))));
  }
  return kept;
}

/// This share of the channels of all gates, those with the largest |gain| wherever they are; one or more of each gate.
template <Network Net> [[nodiscard]] kept_channels largest_channels(const parameters<Net>& p, double share) {
  const auto strengths = base::channel_strengths(p);
  std::vector<double> all;
  for (const auto& of_gate : strengths) {
    const std::size_t strongest = base::places_of_largest(of_gate, 1)[0];
    for (std::size_t k = 0; k < of_gate.size(); ++k) all.push_back(k == strongest ? rounded::infinity : of_gate[k]);
  }
  const auto count = static_cast<std::size_t>(std::clamp(share, 0.0, 1.0) * static_cast<double>(all.size()) + 0.5);
  const auto least = static_cast<std::size_t>(std::ranges::count(all, rounded::infinity));
  kept_channels kept(strengths.size());
  std::size_t gate = 0, first = 0;
  for (const std::size_t place : base::places_of_largest(all, std::max(count, least))) {
    while (place - first >= strengths[gate].size()) first += strengths[gate++].size();
    kept[gate].push_back(place - first);
  }
  return kept;
}

/// This share of the channels of each gate, those with the largest |gain|; one or more.
template <Network Net> [[nodiscard]] kept_channels largest_channels_of_each(const parameters<Net>& p, double share) {
  kept_channels kept;
  for (const auto& strengths : base::channel_strengths(p)) {
    const double count = std::clamp(share, 0.0, 1.0) * static_cast<double>(strengths.size());
    kept.push_back(base::places_of_largest(strengths, std::max<std::size_t>(1, static_cast<std::size_t>(count + 0.5))));
  }
  return kept;
}

/// As many channels of each gate as `Pruned` has there, those with the largest |gain|.
template <Network Pruned, Network Net> [[nodiscard]] kept_channels largest_channels(const parameters<Net>& p) {
  kept_channels kept;
  for (const auto& strengths : base::channel_strengths(p))
    kept.push_back(
        base::places_of_largest(strengths, Pruned::shapes[channel_gates<Net>[kept.size()].producer + 1].channels()));
  return kept;
}

/// The network with the gains of all channels but these set to 0: what pruning is measured against.
template <Network Net> [[nodiscard]] parameters<Net> masked(parameters<Net> p, const kept_channels& kept) {
  base::check_kept<Net>(kept);
  base::for_each_gate<Net>([&]<std::size_t G>() {
    auto& gain = get<channel_gates<Net>[G].gate>(p).gain;
    for (std::size_t k = 0; k < gain.size(); ++k)
      if (!std::ranges::binary_search(kept[G], k)) gain[k] = 0;
  });
  return p;
}

}  // namespace taut
