// SPDX-License-Identifier: Apache-2.0
// How sensitive a trained network is at an input, and what its normalizers contribute: a normalizer multiplies moves
// by its gain and divides them by the std that it sees there.
//
//   slope = |d margin / d x|                margin = output of the label less the largest other
//   ratio = product over the normalizers of max |gain| / sqrt(variance + epsilon), largest over the runs of a sample
//
// Normalizers inside blocks are not looked at. Batch norm is no normalizer at inference: its ratio is fixed_ratio(p).
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <taut/theory/input_gradient.hpp>
#include <taut/train/dataset.hpp>
#include <taut/train/score.hpp>
#include <vector>

namespace taut {

/// What was seen at one input.
struct local_slope {
  double margin = 0;  ///< below 0: labelled wrongly
  double slope = 0;   ///< how fast the margin can fall, to first order
  double ratio = 1;   ///< 1 without normalizers
};

/// At each sample, in double. One output has no margin. @throws std::invalid_argument if the data does not fit.
template <Network Net, class Real>
  requires(Net::output_size > 1)
[[nodiscard]] std::vector<local_slope> local_slopes(const parameters<Net, Real>& p, const dataset& data) {
  base::check_data<Net>(data);
  input_gradient<Net, double> f(p);
  std::vector<local_slope> seen(data.size());
  std::vector<double> x(Net::input_size), dy(Net::output_size);
  for (std::size_t i = 0; i < data.size(); ++i) {
    std::ranges::copy(data.input(i), x.begin());
    const double* const y = f.forward(x.data());
    const std::size_t label = data.labels[i];
    std::size_t rival = label == 0 ? 1 : 0;
    for (std::size_t j = 0; j < Net::output_size; ++j)
      if (j != label && y[j] > y[rival]) rival = j;
    seen[i].margin = y[label] - y[rival];
    base::for_each_index<Net::depth>([&]<std::size_t I>() {
      using L = layer_of<Net, I>;
      if constexpr (L::reads == fusion::normalizer) {
        constexpr pooling runs = L::pooled(Net::shapes[I]);
        double largest = 0;
        for (std::size_t r = 0; r < runs.groups; ++r) {
          const double inverse = normalizer::measure<L>(f.input(I) + r * runs.size, runs.size).inverse;
          for (std::size_t k = r * runs.size; k < (r + 1) * runs.size; ++k)
            largest = std::max(largest, std::abs(static_cast<double>(L::gain(get<I>(p), k))) * inverse);
        }
        seen[i].ratio *= largest;
      }
    });
    std::ranges::fill(dy, 0.0);
    dy[label] = 1, dy[rival] = -1;
    const double* const dx = f.backward(dy.data());
    double square = 0;
    for (std::size_t k = 0; k < Net::input_size; ++k) square += dx[k] * dx[k];
    seen[i].slope = std::sqrt(square);
  }
  return seen;
}

/// The product over the batch norms of the largest |gain| / sqrt(running variance + epsilon); 1 without any.
template <Network Net, class Real> [[nodiscard]] double fixed_ratio(const parameters<Net, Real>& p) {
  double product = 1;
  base::for_each_index<Net::depth>([&]<std::size_t I>() {
    using L = layer_of<Net, I>;
    if constexpr (L::reads == fusion::scaling) {
      double largest = 0;
      for (std::size_t i = 0; i < Net::shapes[I].size(); ++i)
        largest = std::max(largest, std::abs(L::scale(get<I>(p), i)));
      product *= largest;
    }
  });
  return product;
}

}  // namespace taut
