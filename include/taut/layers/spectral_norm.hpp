// SPDX-License-Identifier: Apache-2.0
// SpectralNorm<c>(layer): an affine layer (Linear, Conv1d, Conv2d) with weight W = c V / ||V||, V the raw matrix as
// [out][rest]: a projection on the sphere of the spectral norm. The norm of the layer is at most c, proved for the
// folded weight.
//
// Options     those of the layer inside but at_most<c>
// Lipschitz   c, exact up to 2e-5; a convolution's weight gets c / sqrt(windows that share an input), a bound
// Gradient    dV = (c / s) (dW - <dW, V / s> u v'), s = u' V v with the singular vectors u, v
// Example     Input<16> >> SpectralNorm<2.0>(Linear<24>) >> ReLU >> Linear<4>
//
// s is found by power iteration: one step a batch in training, from the stored vectors (PyTorch's scheme and tensors),
// to the end at inference. It is a lower estimate, so W is made 2^-16 shorter; loading proves ||W|| <= c and refuses a
// file where the stored vectors miss the largest singular value.
#pragma once
#include <span>
#include <taut/net/parametrization.hpp>

namespace taut {

namespace layer {

/// The whole matrix on a sphere of the spectral norm.
template <double Limit> struct spectral_norm_kind {
  static constexpr auto name = base::say("SpectralNorm<", Limit, ">");
  static constexpr void spelling(auto& out) { out += "SpectralNorm<", out += Limit, out += ">"; }
  static constexpr bool row_gain = false;
  /// W is what was computed: once by whoever asks, so copies may differ by how a compiler contracts.
  static constexpr std::size_t roundings(std::size_t columns) { return 2 * columns + 256; }
  template <class Inner> static constexpr auto lipschitz(shape) {
    return symbol({.name = "norm(W@)", .declare = "", .range = {0, Limit}, .declared = true});
  }

  template <std::size_t Rows, std::size_t Columns, class Real> struct raw {
    std::array<Real, Rows * Columns> matrix{};  ///< V, [out][rest]
    std::array<Real, Rows> left{};              ///< u
    std::array<Real, Columns> right{};          ///< v
    static constexpr void tensors(shape extents, auto&& visit) {
      visit(tensor_info{"weight_orig", extents}, &raw::matrix);
      visit(tensor_info{"weight_u", shape{Rows}, role::buffer}, &raw::left);
      visit(tensor_info{"weight_v", shape{Columns}, role::buffer}, &raw::right);
    }
  };

  template <std::size_t Rows, std::size_t Columns, double Factor> struct projection {
    static constexpr double radius = rounded::div_down(Limit, Factor) * (1 - 0x1p-16);

    static constexpr void fold(const auto& p, double* w) {
      vectors a(p);
      a.converge();
      scale(p, a.norm, w);
    }
    static constexpr void train(const auto& p, double* w) {
      const vectors a(p);
      scale(p, a.estimate(), w);
    }
    static constexpr void settle(auto& p) {
      vectors a(p);
      a.converge();
      a.store(p);
    }
    static constexpr void step(auto& p) {
      vectors a(p);
      a.advance();
      a.store(p);
    }
    static constexpr void gradient(const auto& p, const double* dw, auto& dp) {
      using real = std::remove_cvref_t<decltype(dp.matrix[0])>;
      const vectors a(p);
      const double s = a.estimate(), shrink = s > 0 ? radius / s : 0;
      double along = 0;
      for (std::size_t i = 0; i < Rows * Columns; ++i) along += dw[i] * a.matrix.at[i];
      along = s > 0 ? along / s : 0;
      for (std::size_t row = 0; row < Rows; ++row)
        for (std::size_t i = 0; i < Columns; ++i)
          dp.matrix[row * Columns + i] +=
              static_cast<real>(shrink * (dw[row * Columns + i] - along * a.left.at[row] * a.right.at[i]));
    }
    /// V = W, random vectors, and enough steps that they are nearly singular vectors.
    static constexpr void initialise(auto& p, const auto* w, auto& random) {
      using real = std::remove_cvref_t<decltype(p.matrix[0])>;
      for (std::size_t i = 0; i < Rows * Columns; ++i) p.matrix[i] = w[i];
      for (real& v : p.right) v = static_cast<real>(random.normal());
      for (real& v : p.left) v = 0;
      for (int i = 0; i < 15; ++i) step(p);
    }
    /// Claims of W, which no projector can enforce: for constant parameters only.
    static constexpr void claims(auto& self, double, auto&& visit) {
      if constexpr (std::is_const_v<std::remove_reference_t<decltype(self)>>) {
        const base::buffer<double> held(Rows * Columns);
        fold(self, held.at);
        const std::span<const double> w(held.at, Rows * Columns);
        visit.spectral_norm_at_most("weight_orig", w, Rows, Columns, rounded::div_down(Limit, Factor));
      }
    }

   private:
    static constexpr void scale(const auto& p, double norm, double* w) {
      const double shrink = norm > 0 ? radius / norm : 0;
      for (std::size_t i = 0; i < Rows * Columns; ++i) w[i] = static_cast<double>(p.matrix[i]) * shrink;
    }

    // The power iteration in double.
    struct vectors {
      base::buffer<double> matrix{Rows * Columns}, left{Rows}, right{Columns};
      double norm = 0;

      constexpr explicit vectors(const auto& p) {
        double size = 0;
        for (std::size_t i = 0; i < Rows * Columns; ++i) matrix.at[i] = static_cast<double>(p.matrix[i]);
        for (std::size_t i = 0; i < Rows; ++i) left.at[i] = static_cast<double>(p.left[i]);
        for (std::size_t i = 0; i < Columns; ++i)
          right.at[i] = static_cast<double>(p.right[i]), size += right.at[i] * right.at[i];
        if (!(size > 0))  // nothing is stored: any start that is no eigenvector
          for (std::size_t i = 0; i < Columns; ++i) right.at[i] = 1 + static_cast<double>(i % 7) * 0.125;
        normalize(right.at, Columns);
      }
      static constexpr double normalize(double* v, std::size_t n) {
        double squares = 0;
        for (std::size_t i = 0; i < n; ++i) squares += v[i] * v[i];
        const double length = rounded::sqrt_nearest(squares);
        if (length > 0)
          for (std::size_t i = 0; i < n; ++i) v[i] /= length;
        return length;
      }
      // u = V v / |V v|, then v = V'u / |V'u|.
      constexpr void advance() {
        for (std::size_t row = 0; row < Rows; ++row) {
          left.at[row] = 0;
          for (std::size_t i = 0; i < Columns; ++i) left.at[row] += matrix.at[row * Columns + i] * right.at[i];
        }
        normalize(left.at, Rows);
        for (std::size_t i = 0; i < Columns; ++i) right.at[i] = 0;
        for (std::size_t row = 0; row < Rows; ++row)
          for (std::size_t i = 0; i < Columns; ++i) right.at[i] += matrix.at[row * Columns + i] * left.at[row];
        norm = normalize(right.at, Columns);
      }
      constexpr void converge() {
        constexpr int most = 20000, quiet = 3;
        for (int i = 0, unchanged = 0; i < most && unchanged < quiet; ++i) {
          const double before = norm;
          advance();
          unchanged = norm - before <= 1e-14 * norm ? unchanged + 1 : 0;
        }
      }
      // u' V v
      [[nodiscard]] constexpr double estimate() const {
        double sum = 0;
        for (std::size_t row = 0; row < Rows; ++row)
          for (std::size_t i = 0; i < Columns; ++i) sum += left.at[row] * matrix.at[row * Columns + i] * right.at[i];
        return sum;
      }
      constexpr void store(auto& p) const {
        using real = std::remove_cvref_t<decltype(p.left[0])>;
        for (std::size_t i = 0; i < Rows; ++i) p.left[i] = static_cast<real>(left.at[i]);
        for (std::size_t i = 0; i < Columns; ++i) p.right[i] = static_cast<real>(right.at[i]);
      }
    };
  };
};
/// An affine layer of norm at most Limit.
template <double Limit, class Inner> using spectral_norm = parametrized<spectral_norm_kind<Limit>, Inner>;

}  // namespace layer

/// A layer of spectral norm at most c: `SpectralNorm<2.0>(Linear<32>)`.
template <double c> inline constexpr base::make_parametrized<layer::spectral_norm_kind<c>, false> SpectralNorm{};

}  // namespace taut
