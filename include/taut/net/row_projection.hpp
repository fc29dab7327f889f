// SPDX-License-Identifier: Apache-2.0
// Weights normalized row by row: row i of W is g_i v_i / |v_i|, v_i the raw row (perhaps centred). It is the projection
// of net/normalizer.hpp with epsilon 0 on rows of a matrix: w = (g / sqrt(n)) z. A raw row of zeros (centred: a
// constant one) gives zeros.
#pragma once
#include <array>
#include <cstddef>
#include <taut/base/buffer.hpp>
#include <taut/net/normalizer.hpp>
#include <taut/net/parameters.hpp>

namespace taut::normalizer {

/// What weight norm and centred weight norm share; see net/parametrization.hpp for the parts of a kind.
template <bool Centred> struct rows {
  static constexpr bool row_gain = true, one_pass = true;
  /// A row of n entries is summed up and centred: 2 n roundings and a few.
  static constexpr std::size_t roundings(std::size_t columns) { return 2 * columns + 16; }
  template <class Inner> static constexpr auto lipschitz(shape in) { return Inner::lipschitz(in); }

  template <std::size_t Rows, std::size_t Columns, class Real> struct raw {
    std::array<Real, Rows * Columns> direction{};                 ///< v, [out][rest]
    std::array<Real, Rows> length = filled<Real, Rows>(Real(1));  ///< g
    static constexpr void tensors(shape extents, auto&& visit) {
      shape of_rows = extents;
      for (std::size_t axis = 1; axis < extents.rank; ++axis) of_rows.extent[axis] = 1;
      visit(tensor_info{"weight_g", of_rows}, &raw::length);
      visit(tensor_info{"weight_v", extents}, &raw::direction);
    }
  };

  template <std::size_t Rows, std::size_t Columns, double Factor> struct projection {
    static constexpr double root = rounded::sqrt_nearest(static_cast<double>(Columns));

    static constexpr void fold(const auto& p, double* w) {
      const base::buffer<double> v(Columns);
      for (std::size_t row = 0; row < Rows; ++row) {
        const auto s = measured(p, row, v.at);
        project(
            whole, s, v.at, w + row * Columns, [&](std::size_t) { return static_cast<double>(p.length[row]) / root; },
            [](std::size_t) { return 0.0; });
      }
    }
    static constexpr void train(const auto& p, double* w) { fold(p, w); }
    static constexpr void settle(auto&) {}
    static constexpr void step(auto&) {}
    static constexpr void gradient(const auto& p, const double* dw, auto& dp) {
      using real = std::remove_cvref_t<decltype(dp.length[0])>;
      const base::buffer<double> v(Columns), dv(Columns);
      for (std::size_t row = 0; row < Rows; ++row) {
        const auto s = measured(p, row, v.at);
        double dlength = 0;
        project_gradient<Centred>(
            whole, s, v.at, dw + row * Columns, dv.at,
            [&](std::size_t) { return static_cast<double>(p.length[row]) / root; },
            [&](std::size_t, double dgain, double) { dlength += dgain / root; });
        for (std::size_t i = 0; i < Columns; ++i) dp.direction[row * Columns + i] += static_cast<real>(dv.at[i]);
        dp.length[row] += static_cast<real>(dlength);
      }
    }
    /// v = W, and lengths such that the norms of the rows stay.
    static constexpr void initialise(auto& p, const auto* w, auto&) {
      using real = std::remove_cvref_t<decltype(p.length[0])>;
      const base::buffer<double> v(Columns);
      for (std::size_t i = 0; i < Rows * Columns; ++i) p.direction[i] = w[i];
      for (std::size_t row = 0; row < Rows; ++row)
        p.length[row] = static_cast<real>(root * rounded::sqrt_nearest(measured(p, row, v.at).variance));
    }
    /// ||W|| <= |g|, since W = diag(g) times rows of length 1: the lengths as a matrix of one row.
    static constexpr void claims(auto& self, double limit, auto&& visit) {
      if (limit > 0) visit.spectral_norm_at_most("weight_g", self.length, 1, Rows, limit);
    }

   private:
    static constexpr elements whole{0, Columns};
    static constexpr statistics<double> measured(const auto& p, std::size_t row, double* v) {
      for (std::size_t i = 0; i < Columns; ++i) v[i] = static_cast<double>(p.direction[row * Columns + i]);
      auto s = moments<Centred>(whole, v);
      // centring a constant row of n leaves roundings, below n^2 2^-105 of its mean; other rows keep 2^-53 / n
      const double nothing = 0x1p-75 * s.mean;
      if (s.variance > nothing * nothing) s.inverse = 1 / rounded::sqrt_nearest(s.variance);
      return s;
    }
  };
};

}  // namespace taut::normalizer
