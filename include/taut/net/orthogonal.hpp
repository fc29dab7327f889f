// SPDX-License-Identifier: Apache-2.0
// Orthogonal initial weights (Saxe, McClelland, Ganguli 2014), as PyTorch's nn.init.orthogonal_ makes them: each weight
// as a matrix [out][rest] has orthonormal rows, or columns if it has more rows than columns, times the gain; W'W = I or
// W W' = I within 1e-6.
//
//   initialise_orthogonal(p, 7);                    // biases 0, gains 1: all else as in initialise(p, 7)
//   initialise_orthogonal(p, 7, std::sqrt(2.0));    // before ReLU
//
// A normal random matrix is orthogonalised vector by vector (Gram and Schmidt, twice, in double). That is its QR
// decomposition with a positive diagonal of R, hence PyTorch's Q after the correction of signs; the distribution is
// uniform up to that of random_stream::normal.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <taut/base/buffer.hpp>
#include <taut/net/parameters.hpp>

namespace taut {

namespace base {

/// A stream of random numbers that makes matrices orthogonal: see fill_weights.
class orthogonal_stream : public random_stream {
 public:
  constexpr orthogonal_stream(std::uint64_t seed, double scale) : random_stream(seed), gain(scale) {}

  /// Orthonormal rows or columns times the gain, whichever there are fewer of.
  template <class Weights> constexpr void fill_matrix(Weights& weights, std::size_t columns) {
    const std::size_t rows = weights.size() / columns, count = std::min(rows, columns), n = std::max(rows, columns);
    const buffer<double> basis(count * n);  // [vector][entry]
    for (std::size_t k = 0; k < count; ++k) {
      double* const v = basis.at + k * n;
      do {  // again if rounding is all that is left of it
        for (std::size_t i = 0; i < n; ++i) v[i] = normal();
        remove_span(basis.at, k, n);
      } while (!(normalize(v, n) > 1e-6));
      remove_span(basis.at, k, n);
      normalize(v, n);
    }
    for (std::size_t row = 0; row < rows; ++row)
      for (std::size_t i = 0; i < columns; ++i)
        weights[row * columns + i] =
            static_cast<typename Weights::value_type>(gain * basis.at[rows <= columns ? row * n + i : i * n + row]);
  }

 private:
  // Subtracts from vector k its parts along those before it.
  static constexpr void remove_span(double* basis, std::size_t k, std::size_t n) {
    double* const v = basis + k * n;
    for (const double* u = basis; u != v; u += n) {
      double dot = 0;
      for (std::size_t i = 0; i < n; ++i) dot += u[i] * v[i];
      for (std::size_t i = 0; i < n; ++i) v[i] -= dot * u[i];
    }
  }
  static constexpr double normalize(double* v, std::size_t n) {
    double squares = 0;
    for (std::size_t i = 0; i < n; ++i) squares += v[i] * v[i];
    const double length = rounded::sqrt_nearest(squares);
    for (std::size_t i = 0; length > 0 && i < n; ++i) v[i] /= length;
    return length;
  }

  double gain;
};

}  // namespace base

/// Orthogonal weights times the gain in every affine layer, inside blocks and under normalizers of weights as well;
/// everything else as `initialise` fills it. A function of its arguments alone, the same on every machine.
template <class Net> constexpr void initialise_orthogonal(parameters<Net>& p, std::uint64_t seed, double gain = 1) {
  base::orthogonal_stream random(seed, gain);
  base::initialise_from(p, random);
}

}  // namespace taut
