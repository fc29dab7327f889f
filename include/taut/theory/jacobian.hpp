// SPDX-License-Identifier: Apache-2.0
// How steep a network is at one input: the spectral norms of its Jacobians, in the input and in all trainable
// parameters as one vector, in inference mode and double. They are what Lipschitz constants bound from above: no
// constant that holds near this input and these parameters is smaller, rounding apart.
//
//   jacobian_at<Net> slopes(p);
//   const jacobian_norms n = slopes(x);        // n.input <= lipschitz_of(p).value, n.parameters <= parameter_bound
//
// One backward pass for each output, then the largest eigenvalue of J J', a matrix of as many rows.
#pragma once
#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <memory>
#include <span>
#include <taut/certify/spectral_norm.hpp>
#include <taut/net/evaluate.hpp>
#include <vector>

namespace taut {

/// ||df/dx|| and ||df/dp||, spectral norms.
struct jacobian_norms {
  double input = 0, parameters = 0;
};

/// The Jacobians of a network with given parameters at one input after another.
template <Network Net> class jacobian_at {
 public:
  /// Parameters are copied, as double.
  template <class Real> explicit jacobian_at(const parameters<Net, Real>& p)
      : weights(std::make_unique<parameters<Net, double>>(converted<double>(p))),
        slopes(std::make_unique<parameters<Net, double>>()),
        here(base::largest_activation<Net>()),
        next(here.size()) {
    for (std::size_t i = 0; i <= Net::depth; ++i) at[i].resize(Net::shapes[i].size());
  }

  /// The norms at x. @pre x has Net::input_size elements
  template <base::numbers Range> jacobian_norms operator()(const Range& x) {
    static_cast<void>(base::fitting_input<Net, Range>{});  // <- read the quoted words
    assert(std::size(x) == Net::input_size);
    std::copy_n(std::data(x), Net::input_size, at[0].begin());
    base::for_each_index<Net::depth>([&]<std::size_t I>() {
      taut::forward<layer_of<Net, I>, Net::shapes[I]>(get<I>(*weights), at[I].data(), at[I + 1].data());
    });
    in_input.clear(), in_parameters.clear();
    for (std::size_t output = 0; output < Net::output_size; ++output) append_row(output);
    return {norm_of_rows(in_input), norm_of_rows(in_parameters)};
  }

 private:
  void append_row(std::size_t output) {
    for_each_tensor(*slopes, [](auto, auto, auto values) { std::ranges::fill(values, 0); });
    std::ranges::fill(here, 0);
    here[output] = 1;
    base::for_each_index<Net::depth>([&]<std::size_t J>() {
      constexpr std::size_t I = Net::depth - 1 - J;
      taut::gradient<layer_of<Net, I>, Net::shapes[I]>(get<I>(*weights), at[I].data(), at[I + 1].data(), here.data(),
                                                       next.data(), get<I>(*slopes));
      here.swap(next);
    });
    in_input.insert(in_input.end(), here.begin(), here.begin() + Net::input_size);
    for_each_described_tensor(*slopes, [this](const tensor_info& info, auto values) {
      if (info.purpose == role::trainable) in_parameters.insert(in_parameters.end(), values.begin(), values.end());
    });
  }
  // sqrt(||J J'||)
  static double norm_of_rows(const std::vector<double>& rows) {
    constexpr std::size_t n = Net::output_size;
    const std::size_t size = rows.size() / n;
    std::vector<double> products(n * n);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j <= i; ++j) {
        double sum = 0;
        for (std::size_t k = 0; k < size; ++k) sum += rows[i * size + k] * rows[j * size + k];
        products[i * n + j] = products[j * n + i] = sum;
      }
    return std::sqrt(spectral_norm(products.data(), n, n).value);
  }

  std::unique_ptr<parameters<Net, double>> weights, slopes;
  std::array<std::vector<double>, Net::depth + 1> at;  // activations
  std::vector<double> here, next, in_input, in_parameters;
};

}  // namespace taut
