// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstddef>
#include <taut/base/random.hpp>
#include <taut/certify/gram_iteration.hpp>

#include "support/catch.hpp"

namespace {

using namespace taut::detail::norms;
namespace rounded = taut::rounded;

// t I + s 11', of norm t + n s
constexpr table spiked(std::size_t n, double t, double s) {
  table g(n, n);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j) g.entry(i, j) = s + (i == j ? t : 0);
  return g;
}
constexpr bool within(double bound, double truth, double ratio) { return bound >= truth && bound <= ratio * truth; }

// Each of the three bounds is the least somewhere: row sums, Frobenius, Wolkowicz and Styan.
static_assert(within(symmetric_norm_up(spiked(20, 3, 2)), 43, 1 + 1e-12));
constexpr double of_diagonal(double a, double b, double c) {
  table g(3, 3);
  g.entry(0, 0) = a, g.entry(1, 1) = b, g.entry(2, 2) = c;
  return symmetric_norm_up(g);
}
static_assert(within(of_diagonal(5, 5, 5), 5, 1 + 1e-12) && within(of_diagonal(7, 1, 0), 7, 1 + 1e-12));
constexpr double of_block() {  // [1 -1; -1 1] and zero rows: row sums 2, Frobenius 2
  table g(2, 2);
  g.entry(0, 0) = g.entry(1, 1) = 2, g.entry(0, 1) = g.entry(1, 0) = -1;
  return symmetric_norm_up(g);
}
static_assert(within(of_block(), 3, 1 + 1e-12));
static_assert(within(iterated_norm_up(spiked(5, 1, 0), 0), 1, 1 + 1e-12) && iterated_norm_up(table(4, 4), 3) < 1e-200);

// The error of a Gram matrix is at least twice what any order of summation may cost: 100 terms of one.
constexpr double error_of_ones() {
  table a(1, 100);
  for (std::size_t j = 0; j < 100; ++j) a.entry(0, j) = 1;
  return gram_matrix(a).error;
}
static_assert(error_of_ones() >= 2 * 101 * 0x1p-53 * 100);

}  // namespace

TEST_CASE("certify.gram_iteration: every level takes the square root of the excess or better") {
  constexpr std::size_t n = 48;
  taut::base::random_stream stream(3);
  table a(n, n);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j) a.entry(i, j) = stream.normal();
  const gram_matrix g(a);
  const double norm = iterated_norm_up(g.values, 12);  // 3^(1/2^13) - 1 = 1.3e-4 above at most; attained by no other
  double before = symmetric_norm_up(g.values);
  for (int level = 1; level < 9; ++level) {
    const double bound = iterated_norm_up(g.values, level);
    CHECK(bound >= norm);
    CHECK(bound - norm <= 0.62 * (before - norm) + 1e-9 * norm);
    before = bound;
  }
  CHECK(before <= norm * 1.0001);
}

TEST_CASE("certify.gram_iteration: never below the norm, whatever the spectrum and the scale") {
  taut::base::random_stream stream(9);
  int violations = 0, trials = 0;
  for (const double scale : {1.0, 0x1p300, 0x1p-300})
    for (int trial = 0; trial < 300; ++trial) {
      const std::size_t n = 1 + stream.below(20);
      const double t = stream.uniform() * (trial % 3 == 0 ? 1e-9 : 1), s = stream.uniform();
      const long double truth = (static_cast<long double>(t) + static_cast<long double>(n) * s) * scale;
      const table g = spiked(n, t * scale, s * scale);
      for (int level = 0; level < 7; ++level) {
        const double bound = iterated_norm_up(g, level);
        violations += bound < truth * (1 - 0x1p-52L);  // s + t has been rounded
        violations += bound > truth * (1 + 1e-12L);
        ++trials;
      }
    }
  CHECK(violations == 0);
  CHECK(trials == 6300);
}
