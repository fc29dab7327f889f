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

/// What multiplies each column of the matrix of affine layer I: scalings right before it, the gains of a normalizer.
template <class Net, std::size_t I, class Real>
constexpr void fill_column_factors(const parameters<Net, Real>& p, double* factors) {
  using beside = neighbours<Net>;
  constexpr std::size_t columns = Net::shapes[I].size(), before = beside::normalizer_before(I);
  for (std::size_t column = 0; column < columns; ++column) factors[column] = 1;
  base::for_each_index<I - beside::first_column_scaling(I)>([&]<std::size_t K>() {
    constexpr std::size_t at = I - 1 - K;
    for (std::size_t column = 0; column < columns; ++column)
      factors[column] *= layer_of<Net, at>::scale(get<at>(p), column);
  });
  if constexpr (before < Net::depth) {
    for (std::size_t column = 0; column < columns; ++column)
      factors[column] *= layer_of<Net, before>::gain(get<before>(p), column);
  }
}

/// to[j] = a (by[j] from[j]), sixteen a statement: constant expressions are charged for those.
template <class Real>
constexpr void multiply(double* to, double a, const double* by, const Real* from, std::size_t size) {
  for (; size >= 16; size -= 16, to += 16, by += 16, from += 16) {
    const auto at = [=](std::size_t k) { return a * (by[k] * static_cast<double>(from[k])); };
    to[0] = at(0), to[1] = at(1), to[2] = at(2), to[3] = at(3), to[4] = at(4), to[5] = at(5), to[6] = at(6),
    to[7] = at(7), to[8] = at(8), to[9] = at(9), to[10] = at(10), to[11] = at(11), to[12] = at(12), to[13] = at(13),
    to[14] = at(14), to[15] = at(15);
  }
  for (std::size_t k = 0; k < size; ++k) to[k] = a * (by[k] * static_cast<double>(from[k]));
}

/// Rows `first` to `first + count` of the matrix of affine layer I, raw = *folded<I>(p), with its column factors, and
/// with the scalings behind it as factors of its rows. Not centred yet.
template <class Net, std::size_t I, class Real, class Raw>
constexpr void fill_rows(const parameters<Net, Real>& p, const Raw& raw, const double* column_factors,
                         std::size_t first, std::size_t count, double* w) {
  using L = folded_layer_of<Net, I>;
  constexpr std::size_t columns = Net::shapes[I].size();
  for (std::size_t row = first; row < first + count; ++row, w += columns) {
    double a = 1;
    base::for_each_index<neighbours<Net>::behind(I) - I - 1>(
        [&]<std::size_t K>() { a *= layer_of<Net, I + 1 + K>::scale(get<I + 1 + K>(p), row); });
    if constexpr (requires { L::row_of_weight(raw, row); }) {
      multiply(w, a, column_factors, L::row_of_weight(raw, row), columns);
    } else {
      for (std::size_t column = 0; column < columns; ++column)
        w[column] = a * (column_factors[column] * L::weight(raw, row, column));
    }
  }
}

/// The runs over which the normalizer right before (behind) affine layer I centres; none where nothing is centred.
template <class Net, std::size_t I, bool Before> constexpr pooling centred_runs() {
  using beside = neighbours<Net>;
  constexpr std::size_t at = Before ? beside::normalizer_before(I) : beside::normalizer_behind(I);
  if constexpr (at < Net::depth) {
    if (layer_of<Net, at>::centred) return layer_of<Net, at>::pooled(Net::shapes[at]);
  }
  return {.groups = 0, .size = 0};
}

/// What rounding may have done to the matrix of affine layer I in the Frobenius norm, that of fill_rows given.
template <class Net, std::size_t I> constexpr double matrix_error(double frobenius) {
  using beside = neighbours<Net>;
  std::size_t roundings = fold_roundings<Net, I>();
  roundings += (beside::behind(I) - 1 - beside::first_column_scaling(I)) * (scale_roundings + 1);
  if (beside::normalizer_before(I) < Net::depth) ++roundings;
  for (const pooling runs : {centred_runs<Net, I, true>(), centred_runs<Net, I, false>()})
    if (runs.groups > 0) roundings += runs.size + 4;
  // u = 2^-53. A gain rounds once; a mean of n entries is off by at most (n + 2) u of their mean magnitude, a
  // difference rounds once; centring does not increase the Frobenius norm, so all is below (sum of n + 4) u ||W
  // diag(g)||_F. The factor 4 covers sums in another order, reciprocal division and the second order.
  if (roundings == 0) return 0;
  return rounded::add_up(rounded::mul_up(static_cast<double>(roundings) * 0x1p-51, frobenius), 0x1p-900);
}

/// Calls use(matrix, rows, columns, error) with the matrix of affine layer I as its neighbours let it act: fill_rows, and
/// centred along rows and columns where the neighbours centre. `error` bounds the Frobenius norm of what rounding did
/// to it.
template <class Net, std::size_t I, class Real, class Use>
constexpr auto with_matrix(const parameters<Net, Real>& p, Use&& use) {
  constexpr std::size_t rows = Net::shapes[I + 1].size(), columns = Net::shapes[I].size();
  const buffer w(rows * columns), column_factors(columns);
  fill_column_factors<Net, I>(p, column_factors.at);
  fill_rows<Net, I>(p, *folded<I>(p), column_factors.at, 0, rows, w.at);
  const bool exact = matrix_error<Net, I>(1) == 0;  // nothing is rounded: nobody asks for its size
  const double error = exact ? 0 : matrix_error<Net, I>(frobenius_norm_up(w.at, rows, columns));
  centre(w.at, centred_runs<Net, I, true>(), 1, rows, columns);
  centre(w.at, centred_runs<Net, I, false>(), columns, columns, 1);
  return use(w.at, rows, columns, error);
}

}  // namespace taut::certificates
