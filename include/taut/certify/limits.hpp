// SPDX-License-Identifier: Apache-2.0
// Where certificates end: inputs so large that something in the float engine could overflow, and floors that are
// declared where nobody looks.
#pragma once
#include <cstddef>
#include <taut/certify/factors.hpp>
#include <taut/net/evaluate.hpp>

namespace taut::certificates {

/// Whether a min_std is declared where no observer of the engine looks: inside a block, or by a layer that is no
/// normalizer to the engine.
template <class Net> constexpr bool hides_floors(bool inside = false) {
  bool hidden = false;
  base::for_each_index<Net::depth>([&]<std::size_t I>() {
    using L = layer_of<Net, I>;
    hidden |= (inside || L::reads != fusion::normalizer) && declared_floor<L>() > 0;
    base::for_each_index<base::networks_inside<L>()>(
        [&]<std::size_t K>() { hidden |= hides_floors<base::network_inside<L, Net::shapes[I], K>>(true); });
  });
  return hidden;
}

/// The Frobenius norm of the operator of affine layer I, upward: of a convolution's weights, times the root of how many
/// windows share an input.
template <class Net, std::size_t I, class Real> constexpr double frobenius_of_operator(const parameters<Net, Real>& p) {
  using L = folded_layer_of<Net, I>;
  const auto& raw = folded<I>(p);
  double squares = 0;
  if constexpr (engine_plan::is_convolution<L>) {
    for (const auto w : raw.weight) squares += static_cast<double>(w) * static_cast<double>(w);
    squares *= static_cast<double>(L::geometry(Net::shapes[I]).overlap());
  } else {
    for (std::size_t row = 0; row < Net::shapes[I + 1].size(); ++row)
      for (std::size_t column = 0; column < Net::shapes[I].size(); ++column) {
        const double w = L::weight(raw, row, column);
        squares += w * w;
      }
  }
  return rounded::sqrt_up(squares * (1 + 0x1p-20));
}

/// A Euclidean norm of inputs up to which no sum or square of squares in the float engine overflows: the norm of every
/// activation, before and after the scale of a normalizer, is at most slope |x| + offset, which must stay below 2^62.
/// Overflow can hide: relu(-infinity) is 0.
template <class Net, class Real> constexpr double safe_input_norm(const parameters<Net, Real>& p) {
  constexpr double largest = 0x1p62;
  double slope = 1, offset = 0, safe = largest;
  base::for_each_index<Net::depth>([&]<std::size_t I>() {
    using L = layer_of<Net, I>;
    constexpr std::size_t in = Net::shapes[I].size(), out = Net::shapes[I + 1].size();
    double growth = 1, added = 0;
    if constexpr (L::reads == fusion::affine) {
      growth = frobenius_of_operator<Net, I>(p);
      double biases = 0;
      const auto& raw = folded<I>(p);
      for (std::size_t row = 0; row < out; ++row) {
        const double b = folded_layer_of<Net, I>::bias(raw, row);
        biases += b * b;
      }
      added = rounded::sqrt_up(biases);
    } else if constexpr (L::reads == fusion::scaling) {
      growth = scale_factor<Net, I>(p);
      double shifts = 0;
      for (std::size_t i = 0; i < in; ++i) shifts += L::shift(get<I>(p), i) * L::shift(get<I>(p), i);
      added = rounded::sqrt_up(shifts);
    } else if constexpr (L::reads == fusion::normalizer) {
      double gain = 0, offsets = 0;
      for (std::size_t i = 0; i < in; ++i) {
        const double g = L::gain(get<I>(p), i), o = L::offset(get<I>(p), i);
        if (!(g * g <= gain)) gain = g * g;
        offsets += o * o;
      }
      growth = rounded::sqrt_up(gain);
      added = rounded::sqrt_up(static_cast<double>(in) * gain) + rounded::sqrt_up(offsets);
    } else {
      growth = other_factor<Net, I>(p);
      const buffer zeros(in), values(out);
      for (std::size_t i = 0; i < in; ++i) zeros.at[i] = 0;
      for (std::size_t i = 0; i < out; ++i) values.at[i] = 0;
      forward<L, Net::shapes[I]>(get<I>(p), zeros.at, values.at);
      for (std::size_t i = 0; i < out; ++i) added += values.at[i] * values.at[i];
      added = rounded::sqrt_up(added);
      if constexpr (base::networks_inside<L>() > 0) {
        base::for_each_index<base::networks_inside<L>()>([&]<std::size_t K>() {
          const double inner = safe_input_norm(L::template inner<Net::shapes[I], K>(get<I>(p)));
          const double room = slope > 0 ? (inner - offset) / slope : inner - offset;
          if (!(room >= safe)) safe = room;
        });
      }
    }
    if (growth < 1 && L::reads != fusion::affine) growth = 1;  // the scale may still be owed
    offset = growth * offset + added;
    slope = growth * slope;
    const double room = slope > 0 ? (largest - offset) / slope : largest - offset;
    if (!(room >= safe)) safe = room;
  });
  return safe > 0 ? safe : 0;
}

}  // namespace taut::certificates
