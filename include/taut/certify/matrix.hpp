// SPDX-License-Identifier: Apache-2.0
// The matrix of an affine layer as its neighbours let it act: scalings on its rows and columns, the gains of a
// normalizer in front, centred where a normalizer centres, P = I - 11'/n per pooled run.
//
//   norm(P S1 W0)      Linear >> BatchNorm >> LayerNorm          norm(W3 G1 P)      LayerNorm >> Linear
#pragma once
#include <array>
#include <cstddef>
#include <taut/certify/spectral_norm.hpp>
#include <taut/engine/plan.hpp>
#include <taut/net/folded.hpp>
#include <taut/net/lipschitz.hpp>
#include <taut/net/sector.hpp>

namespace taut::certificates {

using buffer = base::buffer<double>;

/// Whether layer I exists and is of this kind.
template <class Net, std::size_t I, fusion F> constexpr bool is() {
  if constexpr (I < Net::depth) return layer_of<Net, I>::reads == F;
  else return false;
}

using taut::declared_floor;

/// Subtracts the mean of each pooled run: of `lines` lines of entries `step` apart, the lines `next_line` apart.
constexpr void centre(double* w, pooling runs, std::size_t step, std::size_t lines, std::size_t next_line) {
  for (std::size_t line = 0; line < lines; ++line)
    for (std::size_t run = 0; run < runs.groups; ++run) {
      double* const first = w + line * next_line + run * runs.size * step;
      double mean = 0;
      for (std::size_t i = 0; i < runs.size; ++i) mean += first[i * step];
      mean /= static_cast<double>(runs.size);
      for (std::size_t i = 0; i < runs.size; ++i) first[i * step] -= mean;
    }
}

/// Where scalings belong: those behind an affine layer scale the rows of its matrix, others in front of one its
/// columns.
template <class Net> struct neighbours {
  static constexpr std::size_t depth = Net::depth;
  static constexpr std::array<fusion, depth + 1> reads = []<std::size_t... I>(std::index_sequence<I...>) {
    return std::array<fusion, depth + 1>{layer_of<Net, I>::reads..., fusion::mixing};
  }(std::make_index_sequence<depth>{});

  /// The first layer behind layer i that is no scaling; depth if there is none.
  static constexpr std::size_t behind(std::size_t i) {
    for (++i; i < depth && reads[i] == fusion::scaling;) ++i;
    return i;
  }
  /// Whether the scalings before layer `i` belong to an affine layer before them.
  static constexpr bool taken(std::size_t i) {
    while (i > 0 && reads[i - 1] == fusion::scaling) --i;
    return i > 0 && reads[i - 1] == fusion::affine;
  }
  /// The first of the scalings that scale the columns of affine layer i; i if there are none.
  static constexpr std::size_t first_column_scaling(std::size_t i) {
    if (taken(i)) return i;
    while (i > 0 && reads[i - 1] == fusion::scaling) --i;
    return i;
  }
  /// The normalizer whose gains belong to the columns of affine layer i; depth if there is none.
  static constexpr std::size_t normalizer_before(std::size_t i) {
    const std::size_t first = first_column_scaling(i);
    return first > 0 && reads[first - 1] == fusion::normalizer ? first - 1 : depth;
  }
  /// The normalizer that receives affine layer i, its scalings included; depth if there is none.
  static constexpr std::size_t normalizer_behind(std::size_t i) {
    const std::size_t next = behind(i);
    return next < depth && reads[next] == fusion::normalizer ? next : depth;
  }
  /// Whether scaling i is part of an affine layer's matrix.
  static constexpr bool merged(std::size_t i) { return taken(i) || reads[behind(i)] == fusion::affine; }
};

/// What a scaling multiplies element i by is off by at most so many roundings.
inline constexpr std::size_t scale_roundings = 4;

/// Convolutions with larger dense matrices (entries) are bounded by their unfoldings.
inline constexpr std::size_t largest_dense = std::size_t{1} << 20;

/// Whether affine layer I is bounded by way of its dense matrix.
template <class Net, std::size_t I> constexpr bool is_dense() {
  return Net::shapes[I].size() * Net::shapes[I + 1].size() <= largest_dense ||
         !engine_plan::is_convolution<folded_layer_of<Net, I>>;
}

/// Whether the last layer is an affine one whose rows are at hand: then each pair of outputs has a bound of its own.
template <class Net> constexpr bool tabulates() {
  if constexpr (is<Net, Net::depth - 1, fusion::affine>()) return is_dense<Net, Net::depth - 1>();
  else return false;
}

/// The roundings behind the entries of affine layer I as it is folded.
template <class Net, std::size_t I> constexpr std::size_t fold_roundings() {
  if constexpr (requires { layer_of<Net, I>::fold_roundings(Net::shapes[I]); })
    return layer_of<Net, I>::fold_roundings(Net::shapes[I]);
  else return 0;
}

/// Calls use(matrix, rows, columns, error) with the matrix of affine layer I as its neighbours let it act: scalings
/// behind it as factors of its rows, scalings and the gains of a normalizer right before it as factors of its columns,
/// and centred along rows and columns where the neighbours centre. `error` bounds the Frobenius norm of what rounding
/// did to it.
template <class Net, std::size_t I, class Real, class Use>
constexpr auto with_matrix(const parameters<Net, Real>& p, Use&& use) {
  using L = folded_layer_of<Net, I>;
  using beside = neighbours<Net>;
  constexpr std::size_t rows = Net::shapes[I + 1].size(), columns = Net::shapes[I].size();
  const buffer w(rows * columns);
  const auto held = folded<I>(p);
  const auto& raw = *held;
  for (std::size_t row = 0; row < rows; ++row)
    for (std::size_t column = 0; column < columns; ++column) w.at[row * columns + column] = L::weight(raw, row, column);
  std::size_t roundings = fold_roundings<Net, I>();
  base::for_each_index<beside::behind(I) - I - 1>([&]<std::size_t K>() {
    constexpr std::size_t at = I + 1 + K;
    for (std::size_t row = 0; row < rows; ++row) {
      const double a = layer_of<Net, at>::scale(get<at>(p), row);
      for (std::size_t column = 0; column < columns; ++column) w.at[row * columns + column] *= a;
    }
    roundings += scale_roundings + 1;
  });
  const auto scale_columns = [&](auto&& factor) {
    for (std::size_t row = 0; row < rows; ++row)
      for (std::size_t column = 0; column < columns; ++column) w.at[row * columns + column] *= factor(column);
  };
  base::for_each_index<I - beside::first_column_scaling(I)>([&]<std::size_t K>() {
    constexpr std::size_t at = I - 1 - K;
    scale_columns([&](std::size_t column) { return layer_of<Net, at>::scale(get<at>(p), column); });
    roundings += scale_roundings + 1;
  });
  constexpr std::size_t before = beside::normalizer_before(I), next = beside::normalizer_behind(I);
  if constexpr (before < Net::depth) {
    scale_columns([&](std::size_t column) { return layer_of<Net, before>::gain(get<before>(p), column); });
    roundings += 1;
  }
  const double size = frobenius_norm_up(w.at, rows, columns);
  if constexpr (before < Net::depth) {
    using N = layer_of<Net, before>;
    if constexpr (N::centred) {
      centre(w.at, N::pooled(Net::shapes[before]), 1, rows, columns);
      roundings += N::pooled(Net::shapes[before]).size + 4;
    }
  }
  if constexpr (next < Net::depth) {
    using N = layer_of<Net, next>;
    if constexpr (N::centred) {
      centre(w.at, N::pooled(Net::shapes[next]), columns, columns, 1);
      roundings += N::pooled(Net::shapes[next]).size + 4;
    }
  }
  // u = 2^-53. A gain rounds once; a mean of n entries is off by at most (n + 2) u of their mean magnitude, a
  // difference rounds once; centring does not increase the Frobenius norm, so all is below (sum of n + 4) u ||W
  // diag(g)||_F. The factor 4 covers sums in another order, reciprocal division and the second order.
  const double error =
      roundings == 0 ? 0 : rounded::add_up(rounded::mul_up(static_cast<double>(roundings) * 0x1p-51, size), 0x1p-900);
  return use(w.at, rows, columns, error);
}

}  // namespace taut::certificates
