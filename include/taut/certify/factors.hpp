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
#include <taut/certify/spectral_norm.hpp>
#include <taut/net/lipschitz.hpp>

namespace taut {

template <class Net> constexpr auto lipschitz_of(const parameters<Net>& p);

namespace certificates {

using buffer = detail::norms::buffer<double>;

/// Whether layer I exists and is of this kind.
template <class Net, std::size_t I, fusion F> constexpr bool is() {
  if constexpr (I < Net::depth) return layer_of<Net, I>::reads == F;
  else return false;
}

/// The declared smallest std of a normalizer, 0 where it declares none.
template <class L> constexpr double declared_floor() {
  if constexpr (requires { L::min_std; }) return L::min_std;
  else return 0;
}

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

/// k(s) = 1 / sqrt(s^2 + epsilon), rounded upward.
template <class L> constexpr double radial_factor() {
  const double s = declared_floor<L>();
  return rounded::div_up(1, rounded::sqrt_down(rounded::add_down(rounded::mul_down(s, s), L::epsilon)));
}

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

/// Calls use(matrix, rows, columns, error) with the matrix of affine layer I as its neighbours let it act: the gains of
/// a normalizer right before it as factors of its columns, and centred along rows and columns where the neighbours
/// centre. `error` bounds the Frobenius norm of what rounding did to it.
template <class Net, std::size_t I, class Use> constexpr auto with_matrix(const parameters<Net>& p, Use&& use) {
  using L = layer_of<Net, I>;
  constexpr std::size_t rows = Net::shapes[I + 1].size(), columns = Net::shapes[I].size();
  const buffer w(rows * columns);
  for (std::size_t row = 0; row < rows; ++row)
    for (std::size_t column = 0; column < columns; ++column)
      w.at[row * columns + column] = L::weight(get<I>(p), row, column);
  std::size_t roundings = 0;
  if constexpr (I > 0 && is<Net, I - 1, fusion::normalizer>()) {
    using N = layer_of<Net, I - 1>;
    for (std::size_t row = 0; row < rows; ++row)
      for (std::size_t column = 0; column < columns; ++column)
        w.at[row * columns + column] *= N::gain(get<I - 1>(p), column);
    roundings += 1;
  }
  const double size = frobenius_norm_up(w.at, rows, columns);
  if constexpr (I > 0 && is<Net, I - 1, fusion::normalizer>()) {
    using N = layer_of<Net, I - 1>;
    if constexpr (N::centred) {
      centre(w.at, N::pooled(Net::shapes[I]), 1, rows, columns);
      roundings += N::pooled(Net::shapes[I]).size + 4;
    }
  }
  if constexpr (is<Net, I + 1, fusion::normalizer>()) {
    using N = layer_of<Net, I + 1>;
    if constexpr (N::centred) {
      centre(w.at, N::pooled(Net::shapes[I + 1]), columns, columns, 1);
      roundings += N::pooled(Net::shapes[I + 1]).size + 4;
    }
  }
  // u = 2^-53. A gain rounds once; a mean of n entries is off by at most (n + 2) u of their mean magnitude, a
  // difference rounds once; centring does not increase the Frobenius norm, so all is below (sum of n + 4) u ||W
  // diag(g)||_F. The factor 4 covers sums in another order, reciprocal division and the second order.
  const double error =
      roundings == 0 ? 0 : rounded::add_up(rounded::mul_up(static_cast<double>(roundings) * 0x1p-51, size), 0x1p-900);
  return use(w.at, rows, columns, error);
}

/// The bound of a layer that is neither affine nor a normalizer.
template <class Net, std::size_t I> constexpr double other_factor(const parameters<Net>& p) {
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

/// The largest ||diag(g) P|| (or max |g| where nothing is centred) over the pooled runs of normalizer I.
template <class Net, std::size_t I> constexpr double gain_factor(const parameters<Net>& p) {
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

/// The factor of layer I.
template <class Net, std::size_t I> constexpr double factor(const parameters<Net>& p, std::size_t work) {
  if constexpr (is<Net, I, fusion::affine>()) {
    return with_matrix<Net, I>(p, [work](const double* w, std::size_t rows, std::size_t columns, double error) {
      return spectral_norm(w, rows, columns, error, work).value;
    });
  } else if constexpr (is<Net, I, fusion::normalizer>()) {
    const double k = radial_factor<layer_of<Net, I>>();
    if constexpr (is<Net, I + 1, fusion::affine>()) return k;  // the gains are in the next matrix
    else return rounded::mul_up(k, gain_factor<Net, I>(p));
  } else {
    return other_factor<Net, I>(p);
  }
}

/// All factors, in order. In a constant expression the affine layers share `constant_work` evenly.
template <class Net> constexpr std::array<double, Net::depth> factors(const parameters<Net>& p) {
  std::size_t matrices = 0;
  base::for_each_index<Net::depth>([&]<std::size_t I>() { matrices += is<Net, I, fusion::affine>() ? 1 : 0; });
  const std::size_t work = constant_work / (matrices == 0 ? 1 : matrices);
  std::array<double, Net::depth> f{};
  base::for_each_index<Net::depth>([&]<std::size_t I>() { f[I] = factor<Net, I>(p, work); });
  return f;
}

/// A Euclidean norm of inputs up to which no sum or square of squares in the float engine overflows: the norm of every
/// activation, before and after the scale of a normalizer, is at most slope |x| + offset, which must stay below 2^62.
/// (A mixing layer is taken to keep 0 at 0.) Overflow can hide: relu(-infinity) is 0.
template <class Net> constexpr double safe_input_norm(const parameters<Net>& p) {
  constexpr double largest = 0x1p62;
  double slope = 1, offset = 0, safe = largest;
  base::for_each_index<Net::depth>([&]<std::size_t I>() {
    using L = layer_of<Net, I>;
    constexpr std::size_t in = Net::shapes[I].size(), out = Net::shapes[I + 1].size();
    double growth = 1, added = 0;
    if constexpr (L::reads == fusion::affine) {
      double weights = 0, biases = 0;
      for (std::size_t row = 0; row < out; ++row) {
        const double b = L::bias(get<I>(p), row);
        biases += b * b;
        for (std::size_t column = 0; column < in; ++column) {
          const double w = L::weight(get<I>(p), row, column);
          weights += w * w;
        }
      }
      growth = rounded::sqrt_up(weights), added = rounded::sqrt_up(biases);
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
      if constexpr (L::reads == fusion::pointwise) {
        const double zero = L::apply(0.0);
        added = rounded::sqrt_up(static_cast<double>(in) * zero * zero);
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

}  // namespace certificates

}  // namespace taut
