// SPDX-License-Identifier: Apache-2.0
// Pruning by gain: removed channels are constants (`offset`, and what the layers behind make of it), which go into what
// the next affine layer adds; then nothing reads them, and a smaller network computes the same.
//
//   prune<Small>(p)                       parameters<Small>: of each gate the channels with the largest |gain|
//   prune(p, 0.05)                        without those with |gain| <= 0.05: its widths are known at run time only, and
//                                         theory/pruned_header.hpp writes it as a header with a type of these widths
//   prune(p, largest_channels(p, 0.5))    theory/channel_choice.hpp
//
// The result computes what masked(p, kept) does, up to the rounding of the sums of constants to float.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <taut/base/error.hpp>
#include <taut/net/parameters.hpp>
#include <taut/theory/channel_choice.hpp>
#include <taut/theory/channel_gates.hpp>
#include <type_traits>
#include <vector>

namespace taut {

/// A pruned network whose widths are known at run time: the trainable parameters of `padded` are 0 where the smaller
/// network has nothing, and it computes the same.
template <Network Net> struct pruned_network {
  parameters<Net> padded;
  kept_channels kept;
};

namespace base {

/// At each boundary between layers (0: the input) the channels that stay; empty: all.
template <class Net> std::array<std::vector<std::size_t>, Net::depth + 1> kept_at(const kept_channels& kept) {
  std::array<std::vector<std::size_t>, Net::depth + 1> at;
  for (std::size_t g = 0; g < kept.size(); ++g) {
    const channel_gate gate = channel_gates<Net>[g];
    for (std::size_t i = gate.producer + 1; i <= gate.consumer; ++i) {
      const std::size_t block = Net::shapes[i].channels() / gate.channels;  // what Flatten makes of a channel
      for (const std::size_t k : kept[g])
        for (std::size_t e = 0; e < block; ++e) at[i].push_back(k * block + e);
    }
  }
  return at;
}

/// Calls f(place) for the elements of a tensor that stay, in order: those of these rows and, of a matrix or more, of
/// these columns; empty: all. A scalar stays.
void for_each_kept(const shape& extents, const std::vector<std::size_t>& rows, const std::vector<std::size_t>& columns,
                   auto&& f) {
  const bool all_rows = rows.empty() || extents.rank == 0, all_columns = columns.empty() || extents.rank < 2;
  const std::size_t width = extents.extent[1], rest = extents.extent[2] * extents.extent[3];
  for (std::size_t r = 0; r < (all_rows ? extents.extent[0] : rows.size()); ++r)
    for (std::size_t c = 0; c < (all_columns ? width : columns.size()); ++c)
      for (std::size_t k = 0; k < rest; ++k)
        f(((all_rows ? r : rows[r]) * width + (all_columns ? c : columns[c])) * rest + k);
}

/// Calls f(info, values, rows, columns) for each tensor, with what stays of it as for_each_kept takes it.
template <class P> void for_each_kept_tensor(P& p, const kept_channels& kept, auto&& f) {
  using Net = typename P::network_type;
  const auto at = kept_at<Net>(kept);
  for_each_index<Net::depth>([&]<std::size_t I>() {
    for_each_tensor_of_layer(get<I>(p), [&](const tensor_info& info, auto& values) {
      const auto name = say(I, ".", info.key);
      f(tensor_info{name.view(), info.extents, info.purpose},
        std::span<std::remove_reference_t<decltype(values[0])>>(values), at[I + 1], at[I]);
    });
  });
}

/// Sets to 0 all trainable parameters that removed channels alone use. Their statistics stay: a variance may have a
/// floor.
template <class Net> void clear_removed(parameters<Net>& p, const kept_channels& kept) {
  for_each_kept_tensor(p, kept, [](const tensor_info& info, auto values, const auto& rows, const auto& columns) {
    if (info.purpose == role::buffer) return;
    std::vector<bool> stays(values.size());
    for_each_kept(info.extents, rows, columns, [&](std::size_t i) { stays[i] = true; });
    for (std::size_t i = 0; i < values.size(); ++i)
      if (!stays[i]) values[i] = 0;
  });
}

/// Whether layer I of Pruned is layer I of Net with other numbers of channels at gates, no more than Net has.
template <class Net, class Pruned, std::size_t I> constexpr bool is_narrowed() {
  using L = layer_of<Net, I>;
  using M = layer_of<Pruned, I>;
  constexpr shape in = Pruned::shapes[I], out = Pruned::shapes[I + 1], old = Net::shapes[I + 1];
  bool gated = false;
  for (const channel_gate& gate : channel_gates<Net>) gated = gated || (gate.producer <= I && I < gate.consumer);
  if (gated ? out.channels() > old.channels() || out.positions() != old.positions() : out != old) return false;
  if constexpr (requires { L::named(1, 1); }) {
    if constexpr (requires { typename M::options; })
      return L::named(out.channels(), in.channels()).view() == M::name.view() &&
             std::is_same_v<typename L::options, typename M::options>;
    else return false;
  } else {
    return std::is_same_v<L, M>;
  }
}

/// std::type_identity of bool, or of the error that names what cannot become narrower so.
template <class Net, class Pruned> consteval auto judge_narrowing() {
  constexpr std::size_t wrong = [] {
    std::size_t first = Net::depth;
    for_each_index<std::min(Net::depth, Pruned::depth)>([&first]<std::size_t I>() {
      if (first == Net::depth && !is_narrowed<Net, Pruned, I>()) first = I;
    });
    return first;
  }();
  if constexpr (Net::depth != Pruned::depth) {
    constexpr auto what = phrase_of<say("a network of ", Pruned::depth, " layers")>();
    constexpr auto from = phrase_of<say("cannot be pruned from one of ", Net::depth)>();
    return std::type_identity<prune_error<what, from>>{};
  } else if constexpr (wrong < Net::depth) {
    constexpr auto what = phrase_of<say("layer ", wrong, ", ", layer_of<Pruned, wrong>::name)>();
    constexpr auto from = phrase_of<say("cannot be pruned from")>();
    constexpr auto which = phrase_of<layer_of<Net, wrong>::name>();
    return std::type_identity<prune_error<what, from, which>>{};
  } else {
    return judge_gates<Net>();
  }
}
/// bool, or the error for a network that is no narrower version of Net.
template <class Net, class Pruned> using fitting_narrowing = typename decltype(judge_narrowing<Net, Pruned>())::type;

}  // namespace base

/// Removes all channels but these.
/// @throws std::invalid_argument if a list is empty or not ascending, or names a channel that there is not, and if
/// padding cuts off the constant of a removed channel
template <Network Net> [[nodiscard]] pruned_network<Net> prune(const parameters<Net>& p, const kept_channels& kept) {
  static_cast<void>(base::fitting_gates<Net>{});  // <- read the quoted words
  base::check_kept<Net>(kept);
  pruned_network<Net> made{p, kept};
  base::for_each_gate<Net>([&]<std::size_t G>() {
    constexpr channel_gate at = channel_gates<Net>[G];
    const base::channel_constants constants = base::constants_of<G>(p);
    std::vector<double> sum(constants.outputs);
    for (std::size_t k = 0; k < at.channels; ++k) {
      if (std::ranges::binary_search(kept[G], k)) continue;
      if (!constants.exact[k])
        throw std::invalid_argument("channel " + std::to_string(k) + " of layer " + std::to_string(at.gate) +
                                    " cannot be removed: layer " + std::to_string(at.consumer) +
                                    " pads with zeros, where the channel would be constant but not zero");
      for (std::size_t o = 0; o < sum.size(); ++o) sum[o] += constants.onward[k * sum.size() + o];
    }
    for (std::size_t o = 0; o < sum.size(); ++o) {
      if constexpr (layer_of<Net, at.consumer>::has_bias) {
        float& bias = get<at.consumer>(made.padded).bias[o];
        bias = static_cast<float>(static_cast<double>(bias) + sum[o]);
      } else {
        float& mean = get<at.consumer + 1>(made.padded).running_mean[o];
        mean = static_cast<float>(static_cast<double>(mean) - sum[o]);
      }
    }
  });
  base::clear_removed(made.padded, kept);
  return made;
}

/// Removes the channels with |gain| <= threshold, all but one at most of each gate.
template <Network Net> [[nodiscard]] pruned_network<Net> prune(const parameters<Net>& p, double threshold) {
  using verdict = base::fitting_gates<Net>;
  static_cast<void>(verdict{});  // <- read the quoted words
  if constexpr (std::is_same_v<verdict, bool>) return prune(p, channels_above(p, threshold));
  else return {};
}

/// Number of trainable parameters that are left.
template <Network Net> [[nodiscard]] std::size_t parameter_count(const pruned_network<Net>& pruned) {
  std::size_t count = 0;
  base::for_each_kept_tensor(pruned.padded, pruned.kept, [&](const tensor_info& info, auto, const auto&... kept) {
    if (info.purpose == role::trainable) base::for_each_kept(info.extents, kept..., [&count](std::size_t) { ++count; });
  });
  return count;
}

/// A pruned network as parameters of a type with the widths that are left.
/// @throws std::invalid_argument if the type has others
template <Network Pruned, Network Net> [[nodiscard]] parameters<Pruned> narrowed(const pruned_network<Net>& from) {
  using verdict = base::fitting_narrowing<Net, Pruned>;
  static_cast<void>(verdict{});  // <- read the quoted words
  parameters<Pruned> to;
  if constexpr (std::is_same_v<verdict, bool>) {
    for (std::size_t g = 0; g < from.kept.size(); ++g) {
      const channel_gate gate = channel_gates<Net>[g];
      const std::size_t wanted = Pruned::shapes[gate.gate].channels();
      if (from.kept[g].size() != wanted)
        throw std::invalid_argument("layer " + std::to_string(gate.gate) + " keeps " +
                                    std::to_string(from.kept[g].size()) + " channels, but the type has " +
                                    std::to_string(wanted));
    }
    const auto at = base::kept_at<Net>(from.kept);
    base::for_each_index<Net::depth>([&]<std::size_t I>() {
      std::size_t wanted = 0;
      for_each_tensor_of_layer(get<I>(to), [&](const tensor_info&, auto& values) {
        std::size_t tensor = 0;
        for_each_tensor_of_layer(get<I>(from.padded), [&](const tensor_info& info, const auto& source) {
          using element = typename std::remove_cvref_t<decltype(values)>::value_type;
          if (tensor++ != wanted) return;
          auto next = values.begin();
          base::for_each_kept(info.extents, at[I + 1], at[I],
                              [&](std::size_t i) { *next++ = static_cast<element>(source[i]); });
        });
        ++wanted;
      });
    });
  }
  return to;
}

/// Removes channels until the widths of `Pruned` are left: those with the largest |gain| stay. `Pruned` is Net but for
/// the widths at gates. @throws std::invalid_argument if padding cuts off the constant of too many channels
template <Network Pruned, Network Net> [[nodiscard]] parameters<Pruned> prune(const parameters<Net>& p) {
  using verdict = base::fitting_narrowing<Net, Pruned>;
  static_cast<void>(verdict{});  // <- read the quoted words
  if constexpr (std::is_same_v<verdict, bool>) return narrowed<Pruned>(prune(p, largest_channels<Pruned>(p)));
  else return {};
}

}  // namespace taut
