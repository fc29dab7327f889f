// SPDX-License-Identifier: Apache-2.0
// How far a float32 engine may be from evaluate, in the Euclidean norm: a running error analysis, layer by layer, of
// any order of summation and of any folding that computes the same products.
//
//   error(I + 1) = steepness of layer I at x * error(I) + rounding of layer I
//
// affine      steepness ||W||_F; rounding (n + 8) u of | |W| |x| + |b| |
// scaling     steepness max |a|; rounding 8 u of | |a| (|x| + what was summed) + |b| |
// normalizer  steepness 2 max|gain| / sqrt(variance + epsilon) (2: the analysis is of first order); rounding (n + 8) u
//             of gain z and of the centred input's parts, plus that of the offset
// others      steepness: the stated Lipschitz constant; rounding 16 u of |y| and, per element, 4 u
#pragma once
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "laws/support.hpp"

namespace taut::tests {

/// A bound of |engine(x) - evaluate(p, x)|.
template <class Net> double float_error(const parameters<Net>& p, std::vector<double> x) {
  constexpr double u = 0x1p-24;
  double error = 0, before = 0;  // `before`: rounding of a centred mean is relative to what was summed
  base::for_each_index<Net::depth>([&]<std::size_t I>() {
    using L = folded_layer_of<Net, I>;
    constexpr shape in = Net::shapes[I], out = Net::shapes[I + 1];
    const auto held = folded<I>(p);
    const auto& q = *held;
    std::vector<double> y(out.size());
    forward<L, in>(q, x.data(), y.data());
    double steepness = 0, rounding = 0;
    const auto count = static_cast<double>(in.size());
    if constexpr (L::reads == fusion::affine) {
      double squares = 0, sums = 0;
      for (std::size_t row = 0; row < out.size(); ++row) {
        double sum = std::abs(L::bias(q, row));
        for (std::size_t column = 0; column < in.size(); ++column) {
          const double w = L::weight(q, row, column);
          squares += w * w, sum += std::abs(w * x[column]);
        }
        sums += sum * sum;
      }
      steepness = std::sqrt(squares), rounding = (count + 8) * u * std::sqrt(sums);
      before = std::sqrt(sums);
    } else if constexpr (L::reads == fusion::scaling) {
      double sums = 0;
      for (std::size_t i = 0; i < in.size(); ++i) {
        const double a = std::abs(L::scale(q, i)), sum = a * (std::abs(x[i]) + before) + std::abs(L::shift(q, i));
        steepness = std::max(steepness, a), sums += sum * sum;
      }
      rounding = 8 * u * std::sqrt(sums);
      before = std::sqrt(sums);
    } else if constexpr (L::reads == fusion::normalizer) {
      constexpr pooling runs = L::pooled(in);
      double largest = 0;
      for (std::size_t run = 0; run < runs.groups; ++run) {
        const auto s = normalizer::measure<L>(x.data() + run * runs.size, runs.size);
        for (std::size_t i = run * runs.size; i < (run + 1) * runs.size; ++i)
          largest = std::max(largest, std::abs(L::gain(q, i)) * s.inverse);
      }
      steepness = 2 * largest;
      double offsets = 0;
      for (std::size_t i = 0; i < in.size(); ++i) offsets += L::offset(q, i) * L::offset(q, i);
      rounding = (count + 8) * u * (norm(y) + 2 * std::sqrt(offsets) + largest * (norm(x) + before));
      before = norm(y);
    } else {
      constexpr auto stated = L::lipschitz(in);
      steepness = stated.closed() ? stated.value().upper : certificates::other_factor<Net, I>(p);
      rounding = 16 * u * norm(y) + 4 * u * std::sqrt(static_cast<double>(out.size()));
      before = norm(y);
    }
    error = steepness * error + rounding;
    x = y;
  });
  return error + 1e-37;
}

template <class Net, class Range> double float_error(const parameters<Net>& p, const Range& input) {
  return float_error(p, std::vector<double>(std::begin(input), std::end(input)));
}

}  // namespace taut::tests
