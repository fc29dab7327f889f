// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <taut/base/random.hpp>
#include <taut/certify/symmetric.hpp>
#include <vector>

#include "support/catch.hpp"

namespace {

using namespace taut::detail::norms;
namespace rounded = taut::rounded;

// [2 + shift, 1, 1; ...]: eigenvalues 4 + shift and twice 1 + shift
constexpr bool proves_ones_and(double diagonal, double error) {
  table a(3, 3);
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < i; ++j) a.entry(i, j) = 1;
    a.entry(i, i) = diagonal;
  }
  return proves_semidefinite(a, error);
}
static_assert(proves_ones_and(2, 0) && proves_ones_and(2, 1 - 1e-12));
static_assert(!proves_ones_and(2, 1) && !proves_ones_and(1, 0) && !proves_ones_and(0.5, 0));
static_assert(proves_ones_and(1 + 1e-12, 0) && proves_ones_and(1 + 1e-6, 0.999e-6) && !proves_ones_and(1 + 1e-6, 1e-6));
static_assert(!proves_ones_and(2, -1) && !proves_ones_and(-2, 0) && !proves_ones_and(0, 0));
static_assert(!proves_ones_and(2, rounded::infinity) && proves_ones_and(0x1p900, 0) && !proves_ones_and(0x1p1010, 0));
static_assert(!proves_ones_and(0x1p-1000, 0), "an indefinite matrix, whose factorization overflows");

// Twice what the theorem asks for, gamma_m = m u / (1 - m u) and m = n + 8.
constexpr bool pays_for_any_order(std::size_t n) {
  const double m = static_cast<double>(n + 8) * 0x1p-53, gamma = m / (1 - m);
  return cholesky_slack(n, 3) >= 2 * 3 * gamma / (1 - gamma);
}
static_assert(pays_for_any_order(1) && pays_for_any_order(64) && pays_for_any_order(4096) &&
              pays_for_any_order(1 << 20));
static_assert(cholesky_slack(4, 0) > 0);

// Arrow matrices [D a; a' c] with D = 2^-k I are semidefinite if and only if c >= 2^k |a|^2, an integer sum here.
struct arrow {
  table matrix;
  __int128 schur;  // 2^k |a|^2, times 2^(2 bits)
};
constexpr int bits = 44, k = 30;
arrow make_arrow(std::size_t n, std::uint64_t numerator) {
  arrow a{table(n, n), 0};
  for (std::size_t i = 0; i + 1 < n; ++i) {
    a.matrix.entry(i, i) = std::ldexp(1.0, -k);
    a.matrix.entry(n - 1, i) = std::ldexp(static_cast<double>(numerator), -bits - k / 2);
    a.schur += static_cast<__int128>(numerator) * static_cast<__int128>(numerator);
  }
  return a;
}
// the largest double below v 2^(-2 bits), or the smallest not below it
double beside(__int128 v, bool below) {
  double c = std::ldexp(static_cast<double>(v), -2 * bits);
  const auto exact = [](double x) { return static_cast<__int128>(std::ldexp(x, 2 * bits)); };
  while (exact(c) < v) c = rounded::next_up(c);
  while (exact(c) >= v) c = rounded::next_down(c);
  return below ? c : rounded::next_up(c);
}

}  // namespace

TEST_CASE("certify.symmetric: what rounding hides proves nothing") {
  // Entries whose squares lose most of half an ulp in each partial sum: in plain double the last pivot comes out
  // positive by many ulps although the matrix is indefinite. It takes a slack a hundred times too small to be caught
  // here: ours pays for any order of summation, and the order is better than most.
  constexpr std::size_t n = 1600;
  std::uint64_t best = 0;
  double largest_loss = 0;
  for (int trial = 1; trial < 4000; ++trial) {
    const std::uint64_t numerator = (std::uint64_t{1} << bits) + static_cast<std::uint64_t>(trial) * 1'000'000'007u;
    const double entry = std::ldexp(static_cast<double>(numerator), -bits);
    std::vector<block> row((n + 15) / 16);
    for (std::size_t i = 0; i + 1 < n; ++i) row[i / 16].at[i % 16] = entry;
    const __int128 sum =
        static_cast<__int128>(n - 1) * static_cast<__int128>(numerator) * static_cast<__int128>(numerator);
    const double loss = std::ldexp(static_cast<double>(sum), -2 * bits) - dot(row.data(), row.data(), row.size());
    if (loss > largest_loss) largest_loss = loss, best = numerator;
  }
  arrow a = make_arrow(n, best);
  double& corner = a.matrix.entry(n - 1, n - 1);
  corner = beside(a.schur, true);
  INFO("loss " << largest_loss / corner * 0x1p53 << " units, slack " << cholesky_slack(n, corner) / corner * 0x1p53);
  REQUIRE(largest_loss > 5 * 0x1p-53 * corner);
  CHECK_FALSE(proves_semidefinite(a.matrix, 0));
}

TEST_CASE("certify.symmetric: an error is taken off, and no more than the slack beside it") {
  // H diag(eigenvalues) H with a Hadamard matrix of order 64, exact: entries are multiples of 2^-20 below 2^6
  constexpr std::size_t n = 64;
  const auto sign = [](std::size_t i, std::size_t j) { return __builtin_parityll(i & j) == 0 ? 1.0 : -1.0; };
  taut::base::random_stream stream(5);
  for (int trial = 0; trial < 20; ++trial) {
    std::vector<double> eigenvalue(n);
    double least = 64;
    for (double& e : eigenvalue) {
      e = 1 + static_cast<double>(stream.below(1 << 20)) * 0x1p-14;
      least = e < least ? e : least;
    }
    for (const double scale : {1.0, 0x1p200, 0x1p-200}) {
      table a(n, n);
      double trace = 0;
      for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j <= i; ++j)
          for (std::size_t m = 0; m < n; ++m) a.entry(i, j) += sign(i, m) * sign(j, m) * eigenvalue[m] * 0x1p-6 * scale;
        trace += a.entry(i, i);
      }
      const double edge = least * scale, slack = cholesky_slack(n, trace) / (1 + 1e-9);
      CHECK(proves_semidefinite(a, edge - 2.001 * slack));
      CHECK_FALSE(proves_semidefinite(a, edge));
      CHECK_FALSE(proves_semidefinite(a, edge - 0.9 * slack));
    }
  }
}

TEST_CASE("certify.symmetric: a matrix that is not finite, or shows that it is indefinite, is no proof") {
  const double infinity = rounded::infinity, nan = rounded::detail::from_bits(0x7FF8000000000000u);
  for (const double bad : {infinity, -infinity, nan, -1.0, 2.5, -2.5, 1e200})
    for (const std::size_t at : {0u, 3u, 20u, 39u}) {
      table a(40, 40);
      for (std::size_t i = 0; i < 40; ++i) a.entry(i, i) = 2;
      CHECK(proves_semidefinite(a, 1.99));
      CHECK_FALSE(proves_semidefinite(a, bad < 0 ? 2.0 : bad));
      a.entry(39, at) = bad;
      if (at != 39 && bad == -1.0) continue;
      if (at == 39 && bad > 0 && bad < infinity) continue;
      CHECK_FALSE(proves_semidefinite(a, 0));
    }
}
