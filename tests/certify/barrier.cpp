// SPDX-License-Identifier: Apache-2.0
// The interior-point search: its matrices, and the least L^2 of programs whose answer is known.
#include <taut/certify/barrier.hpp>
#include <taut/inference.hpp>

#include "laws/support.hpp"
#include "support/catch.hpp"

namespace {

using namespace taut;
using namespace taut::tests;

struct modulus : decltype(Input<1> >> Linear<2>(no_bias) >> ReLU >> Linear<1>(no_bias)) {};
struct wide : decltype(Input<30> >> Linear<5>(no_bias) >> Tanh >> Linear<4>(no_bias)) {};

}  // namespace

TEST_CASE("certify.barrier: factors and inverses are those of the matrix") {
  base::random_stream random(2);
  for (const std::size_t n : {1u, 5u, 16u, 37u}) {
    detail::norms::table m(n, n), root(n, n);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j) root.entry(i, j) = random.normal();
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j)
        m.entry(i, j) = detail::norms::dot(root.row(i), root.row(j), root.stride) + (i == j ? 1 : 0);
    detail::norms::table u(n, n);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j) u.entry(i, j) = m.entry(i, j);
    double log_determinant = 0, logs = 0;
    REQUIRE(certificates::factorize(u, log_determinant));
    for (std::size_t i = 0; i < n; ++i) logs += 2 * std::log(u.entry(i, i));
    CHECK(log_determinant == Approx(logs));
    const auto z = certificates::inverse_of(u);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j) {
        double sum = 0, squares = 0;
        for (std::size_t k = 0; k < n; ++k) sum += m.entry(i, k) * z.entry(k, j);
        for (std::size_t k = 0; k <= std::min(i, j); ++k) squares += u.entry(k, i) * u.entry(k, j);
        CHECK(sum == Approx(i == j ? 1 : 0).margin(1e-9));
        CHECK(squares == Approx(m.entry(i, j)).margin(1e-9));
      }
    m.entry(n - 1, n - 1) = -1;
    CHECK_FALSE(certificates::factorize(m, log_determinant));
  }
}

TEST_CASE("certify.barrier: |x| has 1 as its least constant, and 2 by scales alone") {
  parameters<modulus> p{};
  get<0>(p).weight = {1, -1};
  get<2>(p).weight = {1, 1};
  const auto all = certificates::chains_of(p);
  certificates::multipliers at{100, {20, 20}};
  REQUIRE(certificates::barrier(all.chains[0], certificates::sectors::own).minimise(at));
  CHECK(at.square == Approx(1).epsilon(1e-5));
  CHECK(at.of_run[0] == Approx(1).epsilon(1e-3));
  at = {100, {8, 8}};
  REQUIRE(certificates::barrier(all.chains[0], certificates::sectors::symmetric).minimise(at));
  CHECK(at.square == Approx(4).epsilon(1e-5));
  at = {0.1, {20, 20}};
  CHECK_FALSE(certificates::barrier(all.chains[0], certificates::sectors::own).minimise(at));
}

TEST_CASE("certify.barrier: inputs wider than the first layer are reduced to it") {
  const auto p = random_parameters<wide>(1);
  const auto all = certificates::chains_of(p);
  certificates::barrier program(all.chains[0], certificates::sectors::own);
  CHECK(program.order() == 10);
}
