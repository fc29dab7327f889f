// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>
#include <limits>
#include <taut/base/random.hpp>
#include <taut/theory/symmetric_eigen.hpp>

#include "support/catch.hpp"

using namespace taut;

// The matrix [[2, 1], [1, 2]] has the eigenvalues 1 and 3.
static constexpr double least_of_two(double b) {
  const double a[]{2, b, b, 2};
  return symmetric_eigen(a, 2).values[0];
}
static_assert(simd::abs(least_of_two(1) - 1) < 1e-15);
static_assert(least_of_two(0) == 2);

static double largest_residual(const std::vector<double>& a, std::size_t n, const eigen_decomposition& e) {
  double worst = 0;
  for (std::size_t k = 0; k < n; ++k)
    for (std::size_t i = 0; i < n; ++i) {
      double left = -e.values[k] * e.vector(k)[i], angle = k == i ? -1 : 0;
      for (std::size_t j = 0; j < n; ++j)
        left += a[i * n + j] * e.vector(k)[j], angle += e.vector(k)[j] * e.vector(i)[j];
      worst = std::max({worst, std::fabs(left), std::fabs(angle)});
    }
  return worst;
}

TEST_CASE("theory.symmetric_eigen: A v = lambda v with orthonormal v, ascending") {
  base::random_stream random(4);
  for (const std::size_t n : {1u, 2u, 3u, 8u, 40u}) {
    std::vector<double> a(n * n);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j <= i; ++j) a[i * n + j] = a[j * n + i] = random.normal();
    const auto e = symmetric_eigen(a, n);
    CHECK(std::is_sorted(e.values.begin(), e.values.end()));
    CHECK(largest_residual(a, n, e) < 1e-13 * static_cast<double>(n));
  }
}

TEST_CASE("theory.symmetric_eigen: as a linear-algebra package has it") {
  // numpy 1.24: a = [[((5*i*j + 3*(i+j)) % 17 - 8) / 4 for j in range(7)] for i in range(7)]; numpy.linalg.eigvalsh(a)
  std::vector<double> a(49);
  for (std::size_t i = 0; i < 7; ++i)
    for (std::size_t j = 0; j < 7; ++j) a[i * 7 + j] = (static_cast<double>((5 * i * j + 3 * (i + j)) % 17) - 8) / 4;
  const std::array expected{-5.28531647, -3.27147938, -1.63915832, -0.37524871, 1.58110504, 2.64513845, 5.8449594};
  const auto e = symmetric_eigen(a, 7);
  for (std::size_t k = 0; k < 7; ++k) CHECK(e.values[k] == Approx(expected[k]).margin(6e-9));
}

TEST_CASE("theory.symmetric_eigen: multiple and vanishing eigenvalues, entries of any magnitude") {
  constexpr std::size_t n = 6;  // u u' + w w': rank 2
  for (const double size : {1e-150, 1.0, 1e150}) {
    std::vector<double> a(n * n), scaled(n * n);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j) {
        a[i * n + j] = 1 + (i % 2 == j % 2 ? 1.0 : -1.0);  // u all ones, w of alternating signs: both have the value 6
        scaled[i * n + j] = size * a[i * n + j];
      }
    auto e = symmetric_eigen(scaled, n);
    for (double& v : e.values) v /= size;
    for (std::size_t k = 0; k < n; ++k) CHECK(e.values[k] == Approx(k < 4 ? 0.0 : 6.0).margin(1e-14));
    CHECK(largest_residual(a, n, e) < 1e-14);
  }
  CHECK(symmetric_eigen(std::vector<double>(9), 3).values == std::vector<double>{0, 0, 0});
}

TEST_CASE("theory.symmetric_eigen: what is no symmetric matrix is refused") {
  CHECK_THROWS_AS(symmetric_eigen(std::vector<double>(5), 2), std::invalid_argument);
  CHECK_THROWS_AS(symmetric_eigen(std::vector{1.0, 0.0, std::nan(""), 1.0}, 2), std::invalid_argument);
  CHECK_THROWS_AS(symmetric_eigen(std::vector{std::numeric_limits<double>::infinity()}, 1), std::invalid_argument);
}
