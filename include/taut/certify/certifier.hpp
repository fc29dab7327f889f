// SPDX-License-Identifier: Apache-2.0
// Certified inference: a label, and a radius within which no input changes it.
//
//   const auto guard = certifier(p);       // the engine, and constants proved once
//   auto v = certify(guard, x);            // { output, label, radius, contract_holds }
//
// Margin: class c beats j on the ball of radius r if f_c - f_j > |w_c - w_j| L r, with L the constant of everything
// before the last affine layer (sqrt(2) L r where the last layer is not affine). Floor: a declared min_std s0 of a
// normalizer of n elements holds on the ball if sqrt(n) (s(x) - s0) >= L_b r, L_b the constant of the map into it,
// since a std is 1/sqrt(n)-Lipschitz; L_b may use the floors before it, by induction over depth. The radius is the
// smallest of all. Ties, NaN, infinities and floors declared inside blocks, where nobody looks, give radius 0. The
// promise is about the network in real arithmetic, seen through the outputs and stds that the float engine computed.
#pragma once
#include <array>
#include <cassert>
#include <cstddef>
#include <ranges>
#include <span>
#include <taut/certify/limits.hpp>
#include <taut/certify/lipschitz_of.hpp>
#include <taut/engine/engine.hpp>

namespace taut {

/// A label with its promise.
template <std::size_t Outputs> struct certificate {
  std::array<float, Outputs> output{};
  std::size_t label = 0;        ///< the largest output
  double radius = 0;            ///< Euclidean; every input closer than this has the same label
  bool contract_holds = false;  ///< at x itself every normalizer's std is at least the declared one
};

/// What certify(guard, x) needs: the engine and the constants of the promise. Make it with certifier(p).
template <Network Net, class Arithmetic = float32<>> struct guarded {
  static constexpr std::size_t outputs = Net::output_size;
  static constexpr std::size_t largest_table = 64;  // outputs; beyond, one constant serves all pairs
  static constexpr bool tabulates = certificates::tabulates<Net>() && outputs <= largest_table;

  engine<Net, Arithmetic> run;
  /// The network's Lipschitz constant.
  double lipschitz = 0;
  /// Inputs of this norm or a larger one could overflow somewhere inside: they get radius 0.
  double safe_norm = 0;
  /// slope[c * outputs + j] bounds how fast output c - output j can fall; one entry for all where there is no table.
  std::array<double, tabulates ? outputs * outputs : 1> slope{};
  /// Per layer: the declared floor s0 of a normalizer, and how fast its std can fall, L_b / sqrt(n); 0 without a floor.
  std::array<double, Net::depth> floor{}, fall{};

  /// How fast output c - output j can fall.
  [[nodiscard]] constexpr double slope_of(std::size_t c, std::size_t j) const {
    return slope[tabulates ? c * outputs + j : 0];
  }
};

/// The engine of p with the constants its certificates need, proved once.
template <class Arithmetic = float32<>, class Net, class Real>
[[nodiscard]] constexpr guarded<Net, Arithmetic> certifier(const parameters<Net, Real>& p) {
  using G = guarded<Net, Arithmetic>;
  G guard;
  compile(p, guard.run);
  const auto factors = certificates::factors(p);
  double before = 1;  // the constant of the map into layer I, then of the whole
  base::for_each_index<Net::depth>([&]<std::size_t I>() {
    using L = layer_of<Net, I>;
    if constexpr (L::reads == fusion::normalizer) {
      if constexpr (certificates::declared_floor<L>() > 0) {
        const auto n = static_cast<double>(L::pooled(Net::shapes[I]).size);
        guard.floor[I] = L::min_std;
        guard.fall[I] = rounded::div_up(before, rounded::sqrt_down(n));
      }
    }
    if constexpr (I + 1 == Net::depth && G::tabulates) {
      certificates::with_matrix<Net, I>(p, [&](const double* w, std::size_t rows, std::size_t columns, double error) {
        const certificates::buffer difference(columns), norms(rows);
        for (std::size_t c = 0; c < rows; ++c) {
          norms.at[c] = frobenius_norm_up(w + c * columns, 1, columns);
          for (std::size_t j = 0; j <= c; ++j) {
            for (std::size_t k = 0; k < columns; ++k) difference.at[k] = w[c * columns + k] - w[j * columns + k];
            // one rounding per difference: 2^-52 of the larger norm; the error of two rows: twice the matrix's
            const double norm = frobenius_norm_up(difference.at, 1, columns);
            const double of_both = rounded::add_up(norms.at[c], norms.at[j]);
            const double slack = rounded::add_up(rounded::mul_up(0x1p-52, of_both), rounded::mul_up(2, error));
            const double slope = rounded::mul_up(rounded::add_up(norm, slack), before);
            guard.slope[c * rows + j] = guard.slope[j * rows + c] = slope;
          }
        }
        return 0;
      });
    }
    before = rounded::mul_up(before, factors[I]);
  });
  guard.lipschitz = before;
  guard.safe_norm = certificates::safe_input_norm(p);
  if constexpr (!G::tabulates) guard.slope[0] = rounded::mul_up(rounded::sqrt_up(2), before);
  return guard;
}

/// The output for x, its label, and the radius of the ball around x on which the label is proved not to change.
template <class Net, class Arithmetic>
[[nodiscard]] constexpr certificate<Net::output_size> certify_input(const guarded<Net, Arithmetic>& guard,
                                                                    std::span<const float, Net::input_size> x) {
  certificate<Net::output_size> v;
  double squares = 0;
  for (const float value : x) squares += static_cast<double>(value) * static_cast<double>(value);
  bool holds =
      !certificates::hides_floors<Net>() && rounded::is_finite(squares) && rounded::sqrt_up(squares) < guard.safe_norm;
  double radius = rounded::infinity;
  v.output = guard.run(x, [&](std::size_t layer, float std) {
    if (!rounded::is_finite(std)) holds = false;
    if (guard.floor[layer] > 0) {
      const double room = rounded::sub_down(static_cast<double>(std), guard.floor[layer]);
      if (room < 0) holds = false;
      const double reach = rounded::div_down(room, guard.fall[layer]);
      if (!(reach >= radius)) radius = reach;
    }
  });
  bool finite = true;
  for (std::size_t j = 0; j < Net::output_size; ++j) {
    finite = finite && rounded::is_finite(v.output[j]);
    if (v.output[j] > v.output[v.label]) v.label = j;
  }
  for (std::size_t j = 0; j < Net::output_size; ++j) {
    if (j == v.label) continue;
    const double margin = rounded::sub_down(static_cast<double>(v.output[v.label]), static_cast<double>(v.output[j]));
    const double reach = margin > 0 ? rounded::div_down(margin, guard.slope_of(v.label, j)) : 0;
    if (!(reach >= radius)) radius = reach;
  }
  v.contract_holds = holds && finite;
  v.radius = v.contract_holds && radius > 0 ? radius : 0;
  return v;
}

/// certify(guard, x): x an array, vector or span of Net::input_size floats.
template <class Net, class Arithmetic, base::numbers Range>
[[nodiscard]] constexpr auto certify(const guarded<Net, Arithmetic>& guard, const Range& x) {
  static_cast<void>(base::fitting_input<Net, Range>{});  // <- read the quoted words
  assert(std::ranges::size(x) == Net::input_size);
  return certify_input(guard, std::span<const float, Net::input_size>(std::ranges::data(x), Net::input_size));
}

}  // namespace taut
