// SPDX-License-Identifier: Apache-2.0
// The factors of a network's Lipschitz bound, one a layer, each proved from the weights. Their product bounds the whole
// network, and the product of the first I of them bounds the map from the input to what layer I receives (centred, if
// layer I is a normalizer that centres).
//
// Around normalizers the norms are centred: ||W diag(g) P|| k(s) ||P W'||, with P = I - 11'/n per pooled run and
// k(s) = 1/sqrt(s^2 + epsilon), s the declared min_std (0 where none is declared: then the factor holds everywhere).
#pragma once
#include <array>
#include <cstddef>
#include <taut/certify/gain_norm.hpp>
#include <taut/certify/matrix.hpp>
#include <taut/certify/spectral_norm.hpp>
#include <taut/net/lipschitz.hpp>

namespace taut {

template <class Net, class Real> constexpr auto lipschitz_of(const parameters<Net, Real>& p);

namespace certificates {

/// The largest ||diag(g) P|| (or max |g| where nothing is centred) over the pooled runs of normalizer I.
template <class Net, std::size_t I, class Real> constexpr double gain_factor(const parameters<Net, Real>& p) {
  using N = layer_of<Net, I>;
  constexpr pooling runs = N::pooled(Net::shapes[I]);
  const buffer gains(runs.size);
  double largest = 0;
  for (std::size_t run = 0; run < runs.groups; ++run) {
    double top = 0;
    for (std::size_t i = 0; i < runs.size; ++i) {
      gains.at[i] = N::gain(get<I>(p), run * runs.size + i);
      const double size = gains.at[i] < 0 ? -gains.at[i] : gains.at[i];
      if (!(size <= top)) top = size;
    }
    const double bound = N::centred ? centred_gain_norm_up(gains.at, runs.size) : top;
    if (!(bound <= largest)) largest = bound;
  }
  return largest;
}

/// The largest |a_i| of scaling I, upward.
template <class Net, std::size_t I, class Real> constexpr double scale_factor(const parameters<Net, Real>& p) {
  double largest = 0;
  for (std::size_t i = 0; i < Net::shapes[I].size(); ++i) {
    const double a = layer_of<Net, I>::scale(get<I>(p), i), size = a < 0 ? -a : a;
    if (!(size <= largest)) largest = size;
  }
  return rounded::mul_up(largest, 1 + 0x1p-49);
}

/// The bound of a convolution too large for a dense matrix: the best of its unfoldings, for each the largest of its
/// groups; neighbours enter with their own bounds, and nothing is centred.
template <class Net, std::size_t I, class Real>
constexpr double unfolded_factor(const parameters<Net, Real>& p, std::size_t work) {
  using L = folded_layer_of<Net, I>;
  using beside = neighbours<Net>;
  constexpr std::size_t most_ways = 2;
  std::array<double, most_ways> bound{};
  const auto held = folded<I>(p);
  const auto& raw = *held;
  L::template unfoldings<Net::shapes[I]>(
      raw, [&](std::size_t way, std::size_t, auto&& entry, std::size_t rows, std::size_t columns, double factor) {
        const buffer w(rows * columns);
        for (std::size_t row = 0; row < rows; ++row)
          for (std::size_t column = 0; column < columns; ++column) w.at[row * columns + column] = entry(row, column);
        const double error = rounded::mul_up(static_cast<double>(fold_roundings<Net, I>()) * 0x1p-51,
                                             frobenius_norm_up(w.at, rows, columns));
        const double norm = rounded::mul_up(factor, spectral_norm(w.at, rows, columns, error, work).value);
        if (!(norm <= bound[way])) bound[way] = norm;
      });
  double least = bound[0] < bound[1] ? bound[0] : bound[1];
  base::for_each_index<beside::behind(I) - I - 1>(
      [&]<std::size_t K>() { least = rounded::mul_up(least, scale_factor<Net, I + 1 + K>(p)); });
  base::for_each_index<I - beside::first_column_scaling(I)>(
      [&]<std::size_t K>() { least = rounded::mul_up(least, scale_factor<Net, I - 1 - K>(p)); });
  constexpr std::size_t before = beside::normalizer_before(I);
  if constexpr (before < Net::depth) least = rounded::mul_up(least, gain_factor<Net, before>(p));
  return least;
}

/// The bound of a layer that is neither affine nor a normalizer.
template <class Net, std::size_t I, class Real> constexpr double other_factor(const parameters<Net, Real>& p) {
  using L = layer_of<Net, I>;
  if constexpr (base::networks_inside<L>() > 0) {
    std::array<double, L::blocks> inner{};
    base::for_each_index<L::blocks>(
        [&]<std::size_t K>() { inner[K] = lipschitz_of(L::template inner<Net::shapes[I], K>(get<I>(p))).value; });
    return L::combined_lipschitz(inner);
  } else {
    constexpr auto term = L::lipschitz(Net::shapes[I]);
    return term.closed() ? term.value().upper : rounded::infinity;
  }
}

/// The factor of layer I. What neighbours share is counted once: gains and scalings in the matrix next to them.
template <class Net, std::size_t I, class Real>
constexpr double factor(const parameters<Net, Real>& p, std::size_t work) {
  using beside = neighbours<Net>;
  if constexpr (is<Net, I, fusion::affine>()) {
    if constexpr (is_dense<Net, I>()) {
      return with_matrix<Net, I>(p, [work](const double* w, std::size_t rows, std::size_t columns, double error) {
        return spectral_norm(w, rows, columns, error, work).value;
      });
    } else {
      return unfolded_factor<Net, I>(p, work);
    }
  } else if constexpr (is<Net, I, fusion::scaling>()) {
    if constexpr (beside::merged(I)) return 1;
    else return scale_factor<Net, I>(p);
  } else if constexpr (is<Net, I, fusion::normalizer>()) {
    const double k = radial_slope<layer_of<Net, I>>();
    if constexpr (beside::reads[beside::behind(I)] == fusion::affine) return k;  // the gains are in the next matrix
    else return rounded::mul_up(k, gain_factor<Net, I>(p));
  } else {
    return other_factor<Net, I>(p);
  }
}

/// All factors, in order. In a constant expression the affine layers share `constant_work` evenly.
template <class Net, class Real> constexpr std::array<double, Net::depth> factors(const parameters<Net, Real>& p) {
  std::size_t matrices = 0;
  base::for_each_index<Net::depth>([&]<std::size_t I>() { matrices += is<Net, I, fusion::affine>() ? 1 : 0; });
  const std::size_t work = constant_work / (matrices == 0 ? 1 : matrices);
  std::array<double, Net::depth> f{};
  base::for_each_index<Net::depth>([&]<std::size_t I>() { f[I] = factor<Net, I>(p, work); });
  return f;
}

}  // namespace certificates

}  // namespace taut
