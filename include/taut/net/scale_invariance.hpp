// SPDX-License-Identifier: Apache-2.0
// Which weights the output does not depend on in scale, read off the type: for a > 0, is the output the same with a W?
//
//   Input<8> >> Linear<8>(no_bias) >> ReLU >> LN >> Linear<4>      scale_invariant<Net, 0> == invariance::alone
//   Input<8> >> Linear<8> >> LN >> Linear<4>                       invariance::with_bias: W and b scaled jointly
//   Input<8> >> Linear<8> >> BN >> Linear<4>                       alone: the mean takes the bias away
//
// Stated of the function that training computes, for a given batch and given noise: without batch norm and dropout it
// is inference's, too; at inference the statistics of batch norm are constants, and nothing is invariant. Exact for
// epsilon = 0: with epsilon, the output moves by the order of epsilon / variance, relative to its size. `none` is exact
// as well, but behind normalizers of two values: they keep signs only, and may hide more than is stated.
#pragma once
#include <cstddef>
#include <numeric>
#include <span>
#include <taut/net/outline.hpp>

namespace taut {

/// Whether the output stays the same when a weight is scaled by any a > 0.
enum class invariance {
  none,       ///< no: it changes, or the layer has no weight
  with_bias,  ///< if weight and bias are scaled jointly
  alone       ///< if the weight alone is scaled (of weight norm and its kin: the raw weight)
};

namespace base {

/// How a signal depends on a, the scale of a weight. Its elements fall into blocks of `block` neighbours (0: all of
/// them); with u not depending on a, and t neither on a nor on the sample nor on where in its block an element is, each
/// block is one of
///     u (if `fixed`)      a u (if `scaled`)      a u + t (if `shifted`)
struct scale_dependence {
  bool known = true;
  bool fixed = false, scaled = false, shifted = false;
  std::size_t block = 0;

  [[nodiscard]] constexpr bool is_fixed() const { return known && !scaled && !shifted; }
  [[nodiscard]] constexpr bool is_scaled() const { return known && !fixed && !shifted; }
};
inline constexpr scale_dependence unknown_dependence{.known = false}, no_dependence{.fixed = true};

/// What a layer with a bias, or shifts in blocks of `block` that it is given, makes of a signal a u or a u + t.
constexpr scale_dependence shifted_by(std::size_t block) { return {.shifted = true, .block = block}; }

/// What an affine layer makes of a signal; blocks mix.
constexpr scale_dependence behind_affine(const outline_entry& e, const scale_dependence& s) {
  if (s.fixed) return unknown_dependence;
  const std::size_t own = e.channel_bias ? e.out.positions() : 1;
  if (!s.shifted) return e.has_bias ? shifted_by(own) : s;
  const bool by_channels = e.carries_shifts && s.block % e.in.positions() == 0;  // else any shift of any element
  const std::size_t brought = by_channels ? e.out.positions() : 1;
  return shifted_by(e.has_bias ? std::gcd(own, brought) : brought);
}

/// What a normalizer makes of a signal: a run that lies in one block loses the scale, and the shift if it is centred.
constexpr scale_dependence behind_normalizer(const outline_entry& e, const scale_dependence& s) {
  const bool runs_in_blocks = s.block % e.run == 0;
  if (s.is_scaled() || (runs_in_blocks && (e.centred || !s.shifted))) return no_dependence;
  return unknown_dependence;
}

/// What a layer makes of a signal.
constexpr scale_dependence behind(const outline_entry& e, scale_dependence s) {
  if (e.run == 1 && e.centred && !e.over_batch) return no_dependence;  // its output is constant
  if (!s.known || s.is_fixed()) return s;
  if (e.normalizes()) return behind_normalizer(e, s);
  if (e.drops) return s.shifted ? unknown_dependence : s;  // what is dropped is not shifted
  if (e.identity) return s;
  if (e.reads == fusion::affine) return behind_affine(e, s);
  if (e.reads == fusion::scaling)
    return {.fixed = s.fixed, .shifted = true, .block = 1};  // nothing is known of its shifts
  if (!e.homogeneous) return unknown_dependence;
  if (e.reads == fusion::pointwise) return s.shifted ? unknown_dependence : s;
  if (s.is_scaled()) return s;
  if (!e.carries_shifts || s.block % e.in.positions() != 0) return unknown_dependence;
  s.block = s.block / e.in.positions() * e.out.positions();  // pooling, channel by channel
  return s;
}

/// x + y.
constexpr scale_dependence sum_of(const scale_dependence& x, const scale_dependence& y) {
  if (x.is_fixed() && y.is_fixed()) return x;
  if (!x.known || !y.known || x.fixed || y.fixed) return unknown_dependence;
  const bool shifted = x.shifted || y.shifted;
  return {.scaled = !shifted, .shifted = shifted, .block = std::gcd(x.block, y.block)};
}

/// (x, y), y having `size` elements; x is empty at first.
constexpr scale_dependence joined(const scale_dependence& x, const scale_dependence& y, std::size_t size) {
  return {.known = x.known && y.known,
          .fixed = x.fixed || y.fixed,
          .scaled = x.scaled || y.scaled,
          .shifted = x.shifted || y.shifted,
          .block = std::gcd(x.block, std::gcd(y.block, size))};
}

/// How the end of the network, or of the part of a block that line `at` is in, depends on a; `at` moves there.
constexpr scale_dependence at_end_of_part(std::span<const outline_entry> lines, std::size_t& at, scale_dependence s) {
  using enum outline_entry::step;
  for (; at < lines.size() && lines[at].at != next && lines[at].at != leave; ++at) {
    const outline_entry& e = lines[at];
    if (e.at == layer) {
      s = behind(e, s);
      continue;
    }
    scale_dependence together{};
    do {
      const scale_dependence part = at_end_of_part(lines, ++at, s);
      together = e.adds_input ? sum_of(s, part) : joined(together, part, lines[at - 1].out.size());
    } while (lines[at].at != leave);
    s = e.adds_input || e.joins ? together : unknown_dependence;
  }
  return s;
}

/// The invariance in the weight of layer `number`.
constexpr invariance invariance_in(std::span<const outline_entry> lines, std::size_t number) {
  std::size_t at = 0;
  while (lines[at].where.depth != 1 || lines[at].where.index[0] != number) ++at;
  const outline_entry& e = lines[at];
  if (e.reads != fusion::affine) return invariance::none;
  if (e.raw_scale_free) return invariance::alone;
  const auto ends_fixed = [&lines, first = at + 1](const scale_dependence& s) {
    std::size_t line = first;
    return at_end_of_part(lines, line, s).is_fixed();
  };
  if (e.has_bias && ends_fixed(shifted_by(e.channel_bias ? e.out.positions() : 1))) return invariance::alone;
  if (!ends_fixed({.scaled = true})) return invariance::none;
  return e.has_bias ? invariance::with_bias : invariance::alone;
}

}  // namespace base

/// Whether the network's output stays the same when the weight of layer I, counted without the input, is scaled by any
/// a > 0. Layers without a weight, and blocks, have `none`; so have gains.
template <Network Net, std::size_t I>
  requires(I < Net::depth)
inline constexpr invariance scale_invariant = base::invariance_in(outline<Net>, I);

}  // namespace taut
