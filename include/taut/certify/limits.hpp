// SPDX-License-Identifier: Apache-2.0
// Where certificates end: inputs so large that something in the float engine could overflow, and floors that are
// declared where nobody looks.
#pragma once
#include <cstddef>
#include <taut/certify/factors.hpp>
#include <taut/net/evaluate.hpp>

namespace taut::certificates {

/// Whether a min_std is declared by a layer that is no normalizer to the engine: nobody looks whether it holds.
template <class Net> constexpr bool hides_floors() {
  bool hidden = false;
  base::for_each_index<Net::depth>([&]<std::size_t I>() {
    using L = layer_of<Net, I>;
    hidden |= L::reads != fusion::normalizer && declared_floor<L>() > 0;
    base::for_each_index<base::networks_inside<L>()>(
        [&]<std::size_t K>() { hidden |= hides_floors<base::network_inside<L, Net::shapes[I], K>>(); });
  });
  return hidden;
}

/// The Euclidean norm of n floats, upward: eight sums that a register holds. Infinite if a float is not finite.
constexpr double norm_up(const float* x, std::size_t n) {
  constexpr std::size_t lanes = 8;
  double sums[lanes]{};
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes)
    for (std::size_t k = 0; k < lanes; ++k) sums[k] += static_cast<double>(x[i + k]) * static_cast<double>(x[i + k]);
  for (std::size_t k = 0; i + k < n; ++k) sums[k] += static_cast<double>(x[i + k]) * static_cast<double>(x[i + k]);
  double squares = 0;
  for (const double s : sums) squares += s;
  // squares of floats are exact in double; n + 8 additions round, each by 2^-53 of sums below the last one
  const double inflation = rounded::add_up(1, static_cast<double>(n + 8) * 0x1p-52);
  return rounded::sqrt_up(rounded::mul_up(squares, inflation));
}

/// The Frobenius norm of the operator of affine layer I, upward: of a convolution's weights, times the root of how many
/// windows share an input. `raw`: its folded parameters.
template <class Net, std::size_t I> constexpr double frobenius_of_operator(const auto& raw) {
  using L = folded_layer_of<Net, I>;
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

/// How large activations can get: for |x| <= safe nothing in the float engine overflows, and |output| <= slope |x| +
/// offset.
struct growth {
  double slope = 1, offset = 0, safe = 0x1p62;

  constexpr void then(double steepness, double added) {
    slope *= steepness;
    offset = steepness * offset + added;
  }
  /// Inputs so large that slope |x| + offset exceeds `limit` are not safe; none are if that is no number.
  constexpr void keep_below(double limit) {
    const double room = slope > 0 ? (limit - offset) / slope : limit - offset;
    if (!(room >= safe)) safe = room > 0 ? room : 0;
  }
};

/// The growth of a network. No sum and no square of squares overflows while the norm of every activation stays below
/// 2^62, before and after the scale of a normalizer: it may be owed to the next affine layer, and until then the engine
/// holds what is `unscaled`: sqrt(n) (gain z + offset std) of a normalizer. Folded weights, products of all between two affine layers, stay below 2^100, and squares
/// that underflow are nothing beside min_std^2 + epsilon >= 2^-100.
template <class Net, class Real> constexpr growth growth_of(const parameters<Net, Real>& p) {
  constexpr double largest = 0x1p62, largest_weight = 0x1p100;
  growth scaled;
  double slope = 1, offset = 0;  // of what is not scaled yet
  double folded_weight = 1, since_affine = 1;
  base::for_each_index<Net::depth>([&]<std::size_t I>() {
    using L = layer_of<Net, I>;
    constexpr std::size_t in = Net::shapes[I].size(), out = Net::shapes[I + 1].size();
    if (L::reads != fusion::affine && L::reads != fusion::pointwise) slope = scaled.slope, offset = scaled.offset;
    double steepness = 1, added = 0, lifted = 0;
    if constexpr (L::reads == fusion::affine) {
      const auto held = folded<I>(p);
      const auto& raw = *held;
      steepness = frobenius_of_operator<Net, I>(raw);
      double biases = 0;
      for (std::size_t row = 0; row < out; ++row) {
        const double b = folded_layer_of<Net, I>::bias(raw, row);
        biases += b * b;
      }
      added = rounded::sqrt_up(biases);
    } else if constexpr (L::reads == fusion::scaling) {
      steepness = scale_factor<Net, I>(p);
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
      steepness = rounded::sqrt_up(gain);
      added = rounded::sqrt_up(static_cast<double>(in) * gain) + rounded::sqrt_up(offsets);
      lifted = added;
      if (declared_floor<L>() * declared_floor<L>() + L::epsilon < 1 / largest_weight) scaled.safe = 0;
    } else if constexpr (requires { L::adds_input; }) {  // a block: each of its networks by itself
      double slopes = 0, offsets = 0;
      base::for_each_index<base::networks_inside<L>()>([&]<std::size_t K>() {
        const growth inner = growth_of(L::template inner<Net::shapes[I], K>(get<I>(p)));
        scaled.keep_below(inner.safe);
        slopes += inner.slope * inner.slope;
        offsets += inner.offset * inner.offset;
      });
      steepness = (L::adds_input ? 1 : 0) + rounded::sqrt_up(slopes);
      added = rounded::sqrt_up(offsets);
    } else {
      steepness = other_factor<Net, I>(p);
      const buffer zeros(in), values(out);
      for (std::size_t i = 0; i < in; ++i) zeros.at[i] = 0;
      for (std::size_t i = 0; i < out; ++i) values.at[i] = 0;
      forward<L, Net::shapes[I]>(get<I>(p), zeros.at, values.at);
      for (std::size_t i = 0; i < out; ++i) added += values.at[i] * values.at[i];
      added = rounded::sqrt_up(added);
    }
    if constexpr (L::reads == fusion::affine) {
      folded_weight = since_affine * steepness;
      since_affine = 1;
    } else {
      if (steepness < 1) steepness = 1;
      folded_weight *= steepness;
      since_affine *= steepness;
    }
    if (!(folded_weight <= largest_weight)) scaled.safe = 0;
    growth unscaled{slope, offset, scaled.safe};
    unscaled.then(steepness + lifted, added);
    unscaled.keep_below(largest);
    slope = unscaled.slope, offset = unscaled.offset;
    scaled.safe = unscaled.safe;
    if constexpr (L::reads == fusion::normalizer) scaled.slope = 0, scaled.offset = added;  // on a sphere
    else scaled.then(steepness, added);
    if constexpr (L::reads == fusion::affine) slope = scaled.slope, offset = scaled.offset;
  });
  return scaled;
}

/// A Euclidean norm that inputs must stay below, lest a sum, a square of squares or a weight in the float engine
/// overflows; 0 if none is safe. Overflow can hide: relu(-infinity) is 0.
template <class Net, class Real> constexpr double safe_input_norm(const parameters<Net, Real>& p) {
  return growth_of(p).safe;
}

}  // namespace taut::certificates
