// SPDX-License-Identifier: Apache-2.0
// The outline of a network: what its layers state about themselves as one flat table of values, blocks opened. What is
// said about a network as a whole (net/advice.hpp, net/scale_invariance.hpp) is read off it by plain functions.
//
//   Input<8> >> Linear<8> >> Residual(Tanh) >> Concat(ReLU, Linear<4>)
//   layer 0, enter 1, layer 1.0, leave 1, enter 2, layer 2.0.0, next 2, layer 2.1.0, leave 2
//
// Names are nested at most `position::deepest` deep: what lies deeper has the place of the block around it.
#pragma once
#include <array>
#include <cstddef>
#include <string_view>
#include <taut/net/folded.hpp>
#include <taut/net/network.hpp>

namespace taut {

/// One line of an outline: a layer, or where a block begins, goes on with its next network, or ends.
struct outline_entry {
  enum class step { layer, enter, next, leave };
  step at = step::layer;
  position where{};
  std::string_view name{};
  shape in{}, out{};
  fusion reads = fusion::mixing;
  bool identity = false;         ///< the output is the input (at inference)
  bool homogeneous = false;      ///< f(a x) = a f(x) for a > 0
  bool carries_shifts = false;   ///< a constant added to each channel of x adds constants to the channels of y
  bool drops = false;            ///< zeros elements at random in training
  bool is_distribution = false;  ///< the output is the probabilities of classes, or their logarithms
  bool adds_input = false;       ///< a block: y = x + f(x)
  bool joins = false;            ///< a block: y = (f_1(x), ..., f_k(x))

  bool has_bias = true;         ///< of affine layers, if they do not state that there is none
  bool channel_bias = false;    ///< the layer states that it has a bias; then it is one number a channel
  bool row_gain = false;        ///< each output channel has a gain of its own
  bool raw_scale_free = false;  ///< the output does not depend on the scale of the weight that is stored

  std::size_t run = 0;        ///< of normalizers: how many neighbours are pooled, in each sample if over_batch
  bool centred = false;       ///< the mean of a run is subtracted
  bool over_batch = false;    ///< in training, a run goes through all samples of the batch; constants at inference
  std::string_view family{};  ///< GroupNorm for GroupNorm<2> and GroupNorm<4>

  [[nodiscard]] constexpr bool normalizes() const { return run != 0; }
};

namespace base {

/// What layer L states, for inputs of shape In.
template <class L, shape In> constexpr outline_entry outline_of_layer(position where) {
  outline_entry e{.where = where, .name = std::string_view(L::name), .in = In, .out = L::output(In), .reads = L::reads};
  e.homogeneous = is_homogeneous<L>();
  if constexpr (requires { L::identity; }) e.identity = L::identity;
  if constexpr (requires { folded_of<L>::type::carries_shifts; }) e.carries_shifts = folded_of<L>::type::carries_shifts;
  if constexpr (requires { L::drops; }) e.drops = L::drops;
  if constexpr (requires { L::is_distribution; }) e.is_distribution = L::is_distribution;
  if constexpr (requires { L::adds_input; }) e.adds_input = L::adds_input, e.joins = !L::adds_input;
  if constexpr (requires { L::has_bias; }) e.has_bias = e.channel_bias = L::has_bias;
  if constexpr (requires { L::row_gain; }) e.row_gain = L::row_gain;
  if constexpr (requires { L::raw_scale_free; }) e.raw_scale_free = L::raw_scale_free;
  if constexpr (L::reads == fusion::normalizer) {
    e.run = L::pooled(In).size;
    e.centred = L::centred;
  } else if constexpr (L::reads == fusion::scaling && requires { L::smallest_batch(In); }) {
    e.run = In.positions();
    e.centred = e.over_batch = true;
  }
  if constexpr (requires { L::family; }) e.family = std::string_view(L::family);
  else e.family = e.name;
  return e;
}

template <class Net> constexpr std::size_t outline_size();

/// How many lines a layer has: one, or those of the networks inside between lines that part them.
template <class L, shape In> constexpr std::size_t outline_size_of_layer() {
  std::size_t lines = 1;
  for_each_index<networks_inside<L>()>(
      [&lines]<std::size_t K>() { lines += 1 + outline_size<network_inside<L, In, K>>(); });
  return lines;
}
template <class Net> constexpr std::size_t outline_size() {
  return []<class... Ls, std::size_t... I>(list<Ls...>, std::index_sequence<I...>) {
    std::size_t sum = 0;
    for (const std::size_t lines : {std::size_t{0}, outline_size_of_layer<Ls, Net::shapes[I]>()...}) sum += lines;
    return sum;
  }(base::layers_of<Net>{}, std::make_index_sequence<Net::depth>{});
}

/// The place of part `number` of what is at `outer`.
constexpr position part_of_place(position outer, std::size_t number) {
  if (outer.depth < position::deepest) outer.index[outer.depth++] = static_cast<std::uint16_t>(number);
  return outer;
}

template <class Net> constexpr outline_entry* write_outline(outline_entry* line, position around);

template <class L, shape In>
constexpr outline_entry* write_outline_of_layer(outline_entry* line, position around, std::size_t number) {
  constexpr std::size_t blocks = networks_inside<L>();
  const position where = part_of_place(around, number);
  const outline_entry layer = outline_of_layer<L, In>(where);
  *line = layer;
  if constexpr (blocks > 0) {
    line->at = outline_entry::step::enter;
    for_each_index<blocks>([&]<std::size_t K>() {
      if (K > 0) *line = layer, line->at = outline_entry::step::next;
      line = write_outline<network_inside<L, In, K>>(line + 1, blocks == 1 ? where : part_of_place(where, K));
    });
    *line = layer;
    line->at = outline_entry::step::leave;
  }
  return line + 1;
}
template <class Net> constexpr outline_entry* write_outline(outline_entry* line, position around) {
  return [=]<class... Ls, std::size_t... I>(list<Ls...>, std::index_sequence<I...>) {
    outline_entry* at = line;
    [[maybe_unused]] const int in_order[] = {0, (at = write_outline_of_layer<Ls, Net::shapes[I]>(at, around, I), 0)...};
    return at;
  }(base::layers_of<Net>{}, std::make_index_sequence<Net::depth>{});
}

}  // namespace base

/// The outline of a network, in the order in which it runs.
template <Network Net> inline constexpr auto outline = [] {
  std::array<outline_entry, base::outline_size<Net>()> lines{};
  base::write_outline<Net>(lines.data(), {});
  return lines;
}();

}  // namespace taut
