// SPDX-License-Identifier: Apache-2.0
#include <taut/base/random.hpp>
#include <taut/theory/cholesky.hpp>

#include "support/catch.hpp"

using namespace taut;

static std::vector<double> times(const std::vector<double>& a, const std::vector<double>& b, std::size_t n) {
  const std::size_t columns = b.size() / n;
  std::vector<double> product(n * columns);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t k = 0; k < n; ++k)
      for (std::size_t c = 0; c < columns; ++c) product[i * columns + c] += a[i * n + k] * b[k * columns + c];
  return product;
}

TEST_CASE("theory.cholesky: solves systems with several right sides") {
  const cholesky two({4, -99, 2, 10}, 2);  // L = (2 0; 1 3), and what is above the diagonal is not read
  std::vector<double> b{2, 4, 10, 2};
  two.solve_lower(b);
  CHECK(b == std::vector<double>{1, 2, 3, 0});
  two.solve_upper(b);
  CHECK(b == std::vector<double>{0, 1, 1, 0});

  constexpr std::size_t n = 20;
  base::random_stream random(2);
  std::vector<double> factor(n * n), a(n * n), x(3 * n);
  for (double& v : factor) v = random.normal();
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j)
      for (std::size_t k = 0; k < n; ++k) a[i * n + j] += factor[i * n + k] * factor[j * n + k];
  for (double& v : x) v = random.normal();
  auto solved = times(a, x, n);
  cholesky(a, n).solve(solved);
  for (std::size_t i = 0; i < x.size(); ++i) CHECK(solved[i] == Approx(x[i]).margin(1e-8));
}

TEST_CASE("theory.cholesky: dependent rows do no harm") {
  const std::vector<double> a{1, 2, 0, 2, 4, 0, 0, 0, 0};  // rank 1
  std::vector<double> b{3, 6, 0};
  cholesky(a, 3, 1e-14).solve(b);
  const auto back = times(a, b, 3);
  CHECK(back[0] == Approx(3).epsilon(1e-10));
  CHECK(back[1] == Approx(6).epsilon(1e-10));
  CHECK(b[2] == 0);
  b = {3, 6, 0};
  cholesky(a, 3).solve(b);  // the pivots of rows 1 and 2 are 0: they get 0
  CHECK(b == std::vector<double>{3, 0, 0});
  CHECK_THROWS_AS(cholesky(a, 2), std::invalid_argument);
  CHECK_THROWS_AS(cholesky({}, 0), std::invalid_argument);
}
