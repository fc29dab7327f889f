// SPDX-License-Identifier: Apache-2.0
#include <limits>
#include <taut/theory/lanczos.hpp>

#include "support/catch.hpp"

using namespace taut;

namespace {

std::vector<double> random_symmetric(std::size_t n, std::uint64_t seed) {
  base::random_stream random(seed);
  std::vector<double> a(n * n);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j <= i; ++j) a[i * n + j] = a[j * n + i] = random.normal();
  return a;
}

symmetric_operator by(const std::vector<double>& a, std::size_t n) {
  return [&a, n](std::span<const double> x, std::span<double> y) {
    for (std::size_t i = 0; i < n; ++i) y[i] = base::dot(std::span(a).subspan(i * n, n), x);
  };
}

}  // namespace

TEST_CASE("theory.lanczos: value and vector are those of the dense matrix") {
  for (const std::size_t n : {1u, 2u, 7u, 40u}) {
    const auto a = random_symmetric(n, n);
    const auto all = symmetric_eigen(a, n);
    const auto top = largest_eigenpair(by(a, n), n, {.tolerance = 1e-12});
    CHECK(top.value == Approx(all.values.back()).epsilon(1e-10));
    CHECK(std::abs(base::dot(top.vector, all.vector(n - 1))) == Approx(1).epsilon(1e-10));
    CHECK(top.products <= n);
  }
}

TEST_CASE("theory.lanczos: the largest, not the largest in size; a few products where values repeat") {
  const symmetric_operator a = [](std::span<const double> x, std::span<double> y) {
    for (std::size_t i = 0; i < x.size(); ++i) y[i] = (i == 0 ? -100 : i < 3 ? 2 : 1) * x[i];
  };
  const auto top = largest_eigenpair(a, 50);
  CHECK(top.value == Approx(2).epsilon(1e-9));
  CHECK(top.products <= 5);
  CHECK(top.vector[1] * top.vector[1] + top.vector[2] * top.vector[2] == Approx(1).epsilon(1e-9));
  const auto zero = largest_eigenpair([](auto, std::span<double> y) { std::ranges::fill(y, 0); }, 5);
  CHECK(zero.value == 0);
}

TEST_CASE("theory.lanczos: the value is never too large, and the residual tells how far it is") {
  const std::size_t n = 40;
  const auto a = random_symmetric(n, 3);
  const double exact = symmetric_eigen(a, n).values.back();
  for (const std::size_t space : {1u, 4u, 9u, 16u}) {
    const auto top = largest_eigenpair(by(a, n), n, {.largest_space = space, .tolerance = 0});
    CHECK(top.products == space);
    CHECK(top.value <= exact * (1 + 1e-12));
    std::vector<double> left(n);
    by(a, n)(top.vector, left);
    base::add(left, -top.value, top.vector);
    CHECK(base::length(left) == Approx(top.residual).epsilon(1e-6).margin(1e-9));
  }
}

TEST_CASE("theory.lanczos: a good guess saves products, a wrong one does not mislead") {
  const std::size_t n = 40;
  const auto a = random_symmetric(n, 3);
  const auto all = symmetric_eigen(a, n);
  const auto cold = largest_eigenpair(by(a, n), n, {.tolerance = 1e-4}),
             warm = largest_eigenpair(by(a, n), n, {.tolerance = 1e-4, .start = all.vector(n - 1)}),
             wrong = largest_eigenpair(by(a, n), n, {.tolerance = 1e-8, .start = all.vector(0)});
  CHECK(warm.products < cold.products);
  CHECK(wrong.value == Approx(all.values.back()).epsilon(1e-9));
}

TEST_CASE("theory.lanczos: what has no eigenvalue is refused") {
  const symmetric_operator nothing = [](auto, std::span<double> y) {
    std::ranges::fill(y, std::numeric_limits<double>::quiet_NaN());
  };
  CHECK_THROWS_WITH(largest_eigenpair(nothing, 3), "the product of an operator is not finite");
  CHECK_THROWS_AS(largest_eigenpair(nothing, 0), std::invalid_argument);
  const std::vector<double> guess(2, 1.0);
  CHECK_THROWS_WITH(largest_eigenpair(nothing, 3, {.start = guess}), tests::contains("size"));
}
