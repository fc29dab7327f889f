// SPDX-License-Identifier: Apache-2.0
// How steep a network is at one input: the spectral norms of its Jacobians, in the input and in all trainable
// parameters as one vector, in inference mode and double. They are what Lipschitz constants bound from above: no
// constant that holds near this input and these parameters is smaller, rounding apart.
//
//   jacobian_at<Net> slopes(p);
//   const jacobian_norms n = slopes(x);        // n.input <= lipschitz_of(p).value, n.parameters <= parameter_bound
//
// One backward pass for each output, then the largest eigenvalue of J J', a matrix of as many rows. Parametrized
// weights (weight norm, spectral norm) count as folded, as in parameter_lipschitz_of.
#pragma once
#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <taut/certify/spectral_norm.hpp>
#include <taut/theory/input_gradient.hpp>
#include <vector>

namespace taut {

/// ||df/dx|| and ||df/dp||, spectral norms.
struct jacobian_norms {
  double input = 0, parameters = 0;
};

/// The Jacobians of a network with given parameters, which it copies, at one input after another.
template <Network Net> class jacobian_at {
 public:
  template <class Real> explicit jacobian_at(const parameters<Net, Real>& p) : slopes(p) {}

  /// The norms at x. @pre x has Net::input_size elements
  template <base::numbers Range> jacobian_norms operator()(const Range& x) {
    static_cast<void>(base::fitting_input<Net, Range>{});  // <- read the quoted words
    assert(std::size(x) == Net::input_size);
    std::array<double, Net::input_size> here;
    std::copy_n(std::data(x), Net::input_size, here.begin());
    slopes.forward(here.data());
    in_input.clear(), in_parameters.clear();
    std::array<double, Net::output_size> output{};
    for (double& row : output) {
      row = 1;
      const double* const dx = slopes.backward(output.data());
      in_input.insert(in_input.end(), dx, dx + Net::input_size);
      slopes.take_parameter_gradient(
          [this](auto dp) { in_parameters.insert(in_parameters.end(), dp.begin(), dp.end()); });
      row = 0;
    }
    return {norm_of(in_input), norm_of(in_parameters)};
  }

 private:
  // sqrt(||J J'||) of the rows of J
  static double norm_of(const std::vector<double>& rows) {
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

  input_gradient<Net, double> slopes;
  std::vector<double> in_input, in_parameters;  // rows of the Jacobians
};

}  // namespace taut
