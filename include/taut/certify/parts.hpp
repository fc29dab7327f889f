// SPDX-License-Identifier: Apache-2.0
// A claimed norm of an affine layer, proved in parts: each part is a constant of its own, so that the limits of constant
// expressions, which start again for each, do not bound the size of the matrix.
//
//   inline constexpr taut::parameters<Net> p = ...;                       // named: a template argument
//   static_assert(taut::certificates::norm_proved<p, 0, 12.5>)            // || matrix 0 with its neighbours || <= 12.5
//
// Parts: 16 rows or so of the matrix (fill_rows), centred; the same with its shorter side down; the Gram matrix of each
// pair of them; one factorization. The proof is spectral_norm_at_most's (spectral_norm.hpp).
#pragma once
#include <array>
#include <bit>
#include <cstddef>
#include <taut/certify/matrix.hpp>
#include <taut/certify/spectral_norm.hpp>
#include <taut/net/folded.hpp>
#include <type_traits>
#include <utility>

namespace taut::certificates {

namespace parts {

namespace norms = detail::norms;
using norms::block;
using norms::pack;

template <class Net, class Real> Net network_of(const parameters<Net, Real>&);

/// Sizes of the matrix of layer I of the network of P, and how it is divided.
template <const auto& P, std::size_t I> struct layout {
  using net = decltype(network_of(P));
  static constexpr std::size_t rows = net::shapes[I + 1].size(), columns = net::shapes[I].size();
  static constexpr std::size_t lines = rows < columns ? rows : columns, width = rows < columns ? columns : rows;
  static constexpr bool upright = rows <= columns;  // lines are rows
  /// So many rows of n entries are one part.
  static constexpr std::size_t together(std::size_t n) { return n >= 16384 ? 1 : n <= 1024 ? 16 : 16384 / n; }
  static constexpr std::size_t height = together(columns), thickness = together(width);
  static constexpr std::size_t stride = (columns + 15) / 16, line_stride = (width + 15) / 16;
};

/// Some lines of a matrix.
template <std::size_t Blocks> struct strip {
  block at[Blocks];
};
template <std::size_t Blocks> struct packed_strip {
  pack at[Blocks];
};

/// The parameters that layer I is computed with, where they are folded: a constant, not to be folded for each part.
template <const auto& P, std::size_t I> inline constexpr auto folded_once = *folded<I>(P);

/// The column factors of layer I.
template <const auto& P, std::size_t I> inline constexpr auto column_factors = [] {
  std::array<double, layout<P, I>::columns> factors{};
  fill_column_factors<typename layout<P, I>::net, I>(P, factors.data());
  return factors;
}();

/// Rows of the matrix, not centred.
template <const auto& P, std::size_t I> constexpr void fill(std::size_t first, std::size_t count, double* w) {
  using net = typename layout<P, I>::net;
  if constexpr (requires { typename layer_of<net, I>::folded_layer; })
    fill_rows<net, I>(P, folded_once<P, I>, column_factors<P, I>.data(), first, count, w);
  else fill_rows<net, I>(P, get<I>(P), column_factors<P, I>.data(), first, count, w);
}

/// Part C of the rows times 2^-E, centred along each row; its squares before that.
template <const auto& P, std::size_t I, int E, std::size_t C> inline constexpr auto row_strip = [] {
  using at = layout<P, I>;
  constexpr std::size_t first = C * at::height, count = first + at::height < at::rows ? at::height : at::rows - first;
  constexpr pooling runs = centred_runs<typename at::net, I, true>();
  const buffer w(count * at::columns);
  fill<P, I>(first, count, w.at);
  struct {
    strip<count * at::stride> lines{};
    double square = 0;
  } s;
  const double scale = rounded::scale_up(1, -E);
  const auto copy = [&] {
    for (std::size_t i = 0; i < count; ++i) {
      const double* from = w.at + i * at::columns;
      for (std::size_t j = 0; j < at::columns / 16; ++j, from += 16) {
        double(&to)[16] = s.lines.at[i * at::stride + j].at;
        to[0] = scale * from[0], to[1] = scale * from[1], to[2] = scale * from[2], to[3] = scale * from[3],
        to[4] = scale * from[4], to[5] = scale * from[5], to[6] = scale * from[6], to[7] = scale * from[7],
        to[8] = scale * from[8], to[9] = scale * from[9], to[10] = scale * from[10], to[11] = scale * from[11],
        to[12] = scale * from[12], to[13] = scale * from[13], to[14] = scale * from[14], to[15] = scale * from[15];
      }
      for (std::size_t j = 0; j < at::columns % 16; ++j)
        s.lines.at[i * at::stride + at::columns / 16].at[j] = scale * from[j];
    }
  };
  copy();
  s.square = norms::inflated(norms::dot(s.lines.at, s.lines.at, count * at::stride), 16 * count * at::stride);
  if constexpr (runs.groups > 0) {
    centre(w.at, runs, 1, count, at::columns);
    copy();
  }
  return s;
}();

/// Where each row begins.
template <const auto& P, std::size_t I, int E> inline constexpr auto row_at = [] {
  using at = layout<P, I>;
  std::array<const block*, at::rows> rows{};
  base::for_each_index<(at::rows + at::height - 1) / at::height>([&]<std::size_t C>() {
    for (std::size_t i = 0; i < at::height && C * at::height + i < at::rows; ++i)
      rows[C * at::height + i] = row_strip<P, I, E, C>.lines.at + i * at::stride;
  });
  return rows;
}();

/// The mean row of each run of rows over which the normalizer behind centres.
template <const auto& P, std::size_t I, int E> inline constexpr auto mean_rows = [] {
  using at = layout<P, I>;
  constexpr pooling runs = centred_runs<typename at::net, I, false>();
  std::array<block, runs.groups * at::stride> means{};
  if constexpr (runs.groups > 0) {
    for (std::size_t row = 0; row < at::rows; ++row)
      norms::accumulate(&means[row / runs.size * at::stride], 1 / static_cast<double>(runs.size), row_at<P, I, E>[row],
                        at::stride);
  }
  return means;
}();

/// Part C of the lines: rows or columns, whichever are fewer; centred on both sides.
template <const auto& P, std::size_t I, int E, std::size_t C> inline constexpr auto line_strip = [] {
  using at = layout<P, I>;
  constexpr pooling runs = centred_runs<typename at::net, I, false>();
  constexpr std::size_t first = C * at::thickness,
                        count = first + at::thickness < at::lines ? at::thickness : at::lines - first;
  strip<count * at::line_stride> s{};
  for (std::size_t i = 0; i < count; ++i) {
    block* line = s.at + i * at::line_stride;
    if constexpr (at::upright) {
      norms::accumulate(line, 1, row_at<P, I, E>[first + i], at::stride);
      if constexpr (runs.groups > 0)
        norms::accumulate(line, -1, &mean_rows<P, I, E>[(first + i) / runs.size * at::stride], at::stride);
    } else {
      const std::size_t column = first + i;
      for (std::size_t row = 0; row < at::rows; ++row) {
        double v = row_at<P, I, E>[row][column / 16].at[column % 16];
        if constexpr (runs.groups > 0)
          v -= mean_rows<P, I, E>[row / runs.size * at::stride + column / 16].at[column % 16];
        line[row / 16].at[row % 16] = v;
      }
    }
  }
  return std::bit_cast<packed_strip<count * at::line_stride>>(s);
}();

/// x'y of the lines of two strips that begin at these packs: read from constants by name, three times as fast as through
/// pointers on g++.
template <const auto& X, const auto& Y> constexpr double dot(std::size_t x, std::size_t y, std::size_t count) {
  pack sum{};
  for (const std::size_t end = x + count; x < end; ++x, ++y) sum += X.at[x] * Y.at[y];
  const auto [s] = std::bit_cast<block>(sum);
  return (((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]))) +
         (((s[8] + s[9]) + (s[10] + s[11])) + ((s[12] + s[13]) + (s[14] + s[15])));
}

/// The products of the lines of parts C >= D.
template <const auto& P, std::size_t I, int E, std::size_t C, std::size_t D> inline constexpr auto gram_tile = [] {
  using at = layout<P, I>;
  std::array<double, at::thickness * at::thickness> g{};
  for (std::size_t i = 0; i < at::thickness && C * at::thickness + i < at::lines; ++i)
    for (std::size_t j = 0; j < at::thickness && D * at::thickness + j <= C * at::thickness + i; ++j)
      g[i * at::thickness + j] = dot<line_strip<P, I, E, C>, line_strip<P, I, E, D>>(
          i * at::line_stride, j * at::line_stride, at::line_stride);
  return g;
}();

/// Whether all entries are zero.
template <const auto& P, std::size_t I, std::size_t C> inline constexpr bool row_strip_is_zero = [] {
  using at = layout<P, I>;
  constexpr std::size_t first = C * at::height, count = first + at::height < at::rows ? at::height : at::rows - first;
  const buffer w(count * at::columns);
  fill<P, I>(first, count, w.at);
  return !(norms::largest_entry(w.at, count * at::columns) > 0);
}();

template <const auto& P, std::size_t I, double Claim> constexpr bool prove() {
  using at = layout<P, I>;
  using net = typename at::net;
  constexpr std::size_t row_strips = (at::rows + at::height - 1) / at::height,
                        strips = (at::lines + at::thickness - 1) / at::thickness;
  if constexpr (!(Claim > 0)) {
    bool zero = true;
    base::for_each_index<row_strips>([&]<std::size_t C>() { zero = zero && row_strip_is_zero<P, I, C>; });
    return zero && matrix_error<net, I>(0) <= Claim;
  } else {
    constexpr int e = rounded::exponent_of(Claim);
    double square = 0, trace = 0;
    base::for_each_index<row_strips>(
        [&]<std::size_t C>() { square = rounded::add_up(square, row_strip<P, I, e, C>.square); });
    const norms::table gram(at::lines, at::lines);
    base::for_each_index<strips>([&]<std::size_t C>() {
      base::for_each_index<C + 1>([&]<std::size_t D>() {
        for (std::size_t i = 0; i < at::thickness && C * at::thickness + i < at::lines; ++i)
          for (std::size_t j = 0; j < at::thickness && D * at::thickness + j <= C * at::thickness + i; ++j)
            gram.entry(C * at::thickness + i, D * at::thickness + j) = gram_tile<P, I, e, C, D>[i * at::thickness + j];
      });
    });
    for (std::size_t i = 0; i < at::lines; ++i) trace = rounded::add_up(trace, gram.entry(i, i));
    // the trace is ||A||_F^2, but for its rounding
    const double rounding = norms::gram_error(norms::inflated(trace, 16 * at::line_stride), at::line_stride);
    const double entries = rounded::add_up(matrix_error<net, I>(rounded::sqrt_up(square)), norms::tiny);
    const double s = rounded::sub_down(-rounded::scale_up(-Claim, -e), entries);
    return rounded::is_positive(s) && norms::proves(gram, rounding, s);
  }
}

}  // namespace parts

/// Whether the norm of the matrix of affine layer I, with the factors of its neighbours and centred as they centre, is
/// proved to be at most Claim; P names constant parameters.
template <const auto& P, std::size_t I, double Claim> inline constexpr bool norm_proved = parts::prove<P, I, Claim>();

}  // namespace taut::certificates
