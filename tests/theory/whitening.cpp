// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <taut/base/random.hpp>
#include <taut/theory/whitening.hpp>

#include "support/catch.hpp"

using namespace taut;

TEST_CASE("theory.whitening: mean 0, covariance I, and nothing where the data do not differ") {
  constexpr std::size_t samples = 205, features = 4;
  base::random_stream random(3);
  dataset data{array<float, 2>::from_shape({samples, features}), std::vector<std::size_t>(samples, 2)};
  for (std::size_t s = 0; s < samples; ++s) {
    const double u = random.normal(), v = random.normal(), w = random.normal();
    const double x[features]{100 + 30 * u, u - 0.2 * v, 7, 0.1 * w + v - u};
    for (std::size_t i = 0; i < features; ++i) data.inputs(s, i) = static_cast<float>(x[i]);
  }
  const dataset white = whitened(data, 1e-9);
  CHECK(white.labels == data.labels);
  for (std::size_t i = 0; i < features; ++i)
    for (std::size_t j = 0; j <= features; ++j) {  // j = features: the mean
      double sum = 0;
      for (std::size_t s = 0; s < samples; ++s)
        sum += static_cast<double>(white.inputs(s, i)) * (j < features ? static_cast<double>(white.inputs(s, j)) : 1);
      CHECK(sum / samples == Approx(i == j && i != 2 ? 1 : 0).margin(1e-3));
    }

  const dataset damped = whitened(data, 1.0);  // the ridge keeps directions of little variance small
  double largest = 0;
  for (std::size_t s = 0; s < samples; ++s)
    largest = std::max(largest, std::fabs(static_cast<double>(damped.inputs(s, 3))));
  CHECK(largest < 0.5);
}

TEST_CASE("theory.whitening: data that differ in nothing become 0") {
  dataset data{array<float, 2>::from_shape({6, 2}), std::vector<std::size_t>(6)};
  for (std::size_t s = 0; s < 6; ++s) data.inputs(s, 0) = 0.1f, data.inputs(s, 1) = -3e7f;
  const dataset white = whitened(data);
  for (std::size_t s = 0; s < 6; ++s)
    for (std::size_t i = 0; i < 2; ++i) CHECK(white.inputs(s, i) == 0);
  CHECK_THROWS_AS(whitened(dataset{}), std::invalid_argument);
}
