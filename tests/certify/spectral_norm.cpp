// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <taut/base/random.hpp>
#include <taut/base/rounding.hpp>
#include <taut/certify/spectral_norm.hpp>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/jacobi.hpp"

namespace {

namespace rounded = taut::rounded;

template <std::size_t Size> constexpr std::array<double, Size> gaussian(std::uint64_t seed) {
  taut::base::random_stream stream(seed);
  std::array<double, Size> w{};
  for (double& v : w) v = stream.normal();
  return w;
}

using taut::tests::jacobi_norm;

enum class kind { gaussian, rank_one, hadamard, spike_in_noise, positive, sparse, alternating, last };

std::vector<double> make(kind what, std::size_t rows, std::size_t columns, std::uint64_t seed) {
  taut::base::random_stream stream(seed);
  std::vector<double> w(rows * columns), u(rows), v(columns);
  for (double& x : u) x = stream.normal();
  for (double& x : v) x = stream.normal();
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t j = 0; j < columns; ++j) {
      double& x = w[i * columns + j];
      int bits = 0;
      for (std::size_t k = i & j; k != 0; k &= k - 1) ++bits;
      if (what == kind::gaussian) x = stream.normal();
      if (what == kind::rank_one) x = u[i] * v[j];
      if (what == kind::hadamard) x = bits % 2 ? -1 : 1;
      if (what == kind::spike_in_noise) x = u[i] * v[j] + 0.3 * stream.normal();
      if (what == kind::positive) x = stream.uniform() + 0.01;
      if (what == kind::sparse) x = stream.below(6) == 0 ? stream.normal() : 0;
      if (what == kind::alternating) x = ((i + j) % 2 ? -1 : 1) * (1 + 1e-9 * stream.normal());
    }
  return w;
}

constexpr auto w16 = gaussian<16 * 16>(1);
constexpr auto w32 = gaussian<32 * 64>(2);
constexpr taut::norm_bound b16 = taut::spectral_norm(w16.data(), 16, 16);
constexpr taut::norm_bound b32 = taut::spectral_norm(w32.data(), 32, 64);

// The compiler proves these; an engineer reads the norms off a claim that is too small and one that is not.
static_assert(b16.method == "Cholesky" && b32.method == "Cholesky");
static_assert(taut::spectral_norm_at_most(w16.data(), 16, 16, b16.value * (1 - 0.99e-6)));
static_assert(!taut::spectral_norm_at_most(w16.data(), 16, 16, b16.value * (1 - 1.01e-6)));
static_assert(taut::spectral_norm_at_most(w32.data(), 32, 64, b32.value));
static_assert(!taut::spectral_norm_at_most(w32.data(), 32, 64, b32.value * (1 - 2e-6)));
static_assert(b32.value < taut::schur_norm_up(w32.data(), 32, 64));
static_assert(taut::schur_norm_up(w32.data(), 32, 64) < taut::frobenius_norm_up(w32.data(), 32, 64));
static_assert(taut::schur_norm_up(w32.data(), 32, 64) < taut::hoelder_norm_up(w32.data(), 32, 64));
static_assert(taut::spectral_norm(w32.data(), 32, 64, 0, 50'000).method == "Schur", "too little work allowed");
static_assert(taut::spectral_norm(w32.data(), 32, 64, 0, 50'000).value > b32.value);
static_assert(taut::spectral_norm_at_most(w32.data(), 32, 64, 3 * b32.value, 0, 50'000));
static_assert(!taut::spectral_norm_at_most(w32.data(), 32, 64, b32.value, 0, 50'000));

static_assert(taut::spectral_norm(w32.data(), 32, 64, 0, 60'000).method == "Gram iteration", "enough for its square");
static_assert(taut::spectral_norm(w32.data(), 32, 64, 0, 60'000).value > b32.value);
static_assert(taut::spectral_norm(w32.data(), 32, 64, 0, 90'000).value <
              taut::spectral_norm(w32.data(), 32, 64, 0, 60'000).value);
static_assert(taut::spectral_norm_at_most(w32.data(), 32, 64, b32.value, 0, 65'000),
              "a claim needs less than a search");

constexpr std::array<double, 6> diagonal{3, 0, 0, 0, 4, 0};
constexpr double diagonal_bound = taut::spectral_norm(diagonal.data(), 2, 3).value;
static_assert(diagonal_bound >= 4 && diagonal_bound < 4.00001);
static_assert(taut::spectral_norm(diagonal.data(), 3, 2).value >= 3);
static_assert(taut::spectral_norm(diagonal.data() + 1, 1, 3).value == 0 &&
              taut::spectral_norm(nullptr, 0, 5).value == 0);
static_assert(taut::spectral_norm(diagonal.data(), 1, 6).value >= 5 &&
              taut::spectral_norm(diagonal.data(), 1, 6).value < 5.0000001);
static_assert(taut::spectral_norm(diagonal.data(), 2, 3, 0.5).value >= 4.5);
static_assert(taut::spectral_norm_at_most(diagonal.data(), 2, 3, 4.5001, 0.5));
static_assert(!taut::spectral_norm_at_most(diagonal.data(), 2, 3, 4.4999, 0.5));
constexpr std::array<double, 4> unbounded{1, 2, rounded::infinity, 3};
static_assert(taut::spectral_norm(unbounded.data(), 2, 2).value == rounded::infinity);

void check(const std::vector<double>& w, std::size_t rows, std::size_t columns, long double scale, int& violations,
           long double& worst) {
  std::vector<double> unit(w);
  for (double& x : unit) x = static_cast<double>(x / scale);  // scale is a power of two
  const long double truth = jacobi_norm(unit, rows, columns);
  const taut::norm_bound bound = taut::spectral_norm(w.data(), rows, columns);
  const double* data = w.data();
  const long double certified = bound.value / scale;
  for (const double cheap : {taut::frobenius_norm_up(data, rows, columns), taut::schur_norm_up(data, rows, columns),
                             taut::hoelder_norm_up(data, rows, columns), taut::gram_norm_up(data, rows, columns, 0),
                             taut::gram_norm_up(data, rows, columns)})
    violations += cheap / scale < truth;
  violations += certified < truth;
  const long double grain = std::ldexp(1.0L, -1074) / scale;  // of a subnormal claim
  const auto claim = [&](long double factor, int grains) {
    return static_cast<double>((truth * factor + grains * grain) * scale);
  };
  violations += truth > 0 && taut::spectral_norm_at_most(data, rows, columns, claim(1 - 1e-15L, -2));
  violations += !taut::spectral_norm_at_most(data, rows, columns, claim(1 + 1e-9L, 2));
  if (truth > 0 && certified / truth > worst) worst = certified / truth;
}

}  // namespace

TEST_CASE("certify.spectral_norm: never below the norm, at most 1e-5 above it") {
  int violations = 0;
  long double worst = 1;
  const std::array<std::pair<std::size_t, std::size_t>, 14> sizes{{{1, 1},
                                                                   {1, 9},
                                                                   {7, 1},
                                                                   {2, 2},
                                                                   {3, 5},
                                                                   {5, 3},
                                                                   {8, 8},
                                                                   {15, 17},
                                                                   {16, 16},
                                                                   {17, 40},
                                                                   {32, 64},
                                                                   {33, 20},
                                                                   {48, 48},
                                                                   {64, 64}}};
  std::uint64_t seed = 0;
  for (const auto& [rows, columns] : sizes)
    for (int k = 0; k < static_cast<int>(kind::last); ++k)
      for (int repeat = 0; repeat < (rows < 20 ? 4 : 1); ++repeat)
        check(make(static_cast<kind>(k), rows, columns, ++seed), rows, columns, 1, violations, worst);
  INFO("worst ratio " << static_cast<double>(worst));
  CHECK(violations == 0);
  CHECK(worst <= 1.00001L);
  CHECK(worst > 1);
}

TEST_CASE("certify.spectral_norm: every size up to 64") {
  int violations = 0;
  long double worst = 1;
  for (std::size_t n = 1; n <= 64; n += n < 24 ? 1 : 5)
    check(make(kind::gaussian, n, 65 - n, n), n, 65 - n, 1, violations, worst);
  CHECK(violations == 0);
  CHECK(worst <= 1.00001L);
}

TEST_CASE("certify.spectral_norm: the scale of the entries does not matter") {
  for (const int exponent :
       {100, -130, 1000, -960, -1060}) {  // 1e30, 1e-40, nearly overflowing, barely normal, subnormal
    int violations = 0;
    long double worst = 1;
    std::vector<double> w = make(kind::gaussian, 12, 20, 5);
    for (double& x : w) x = std::ldexp(x, exponent);
    check(w, 12, 20, std::ldexp(1.0L, exponent), violations, worst);
    INFO("2^" << exponent);
    CHECK(violations == 0);
    CHECK(worst <= 1.002L);
  }
  std::vector<double> mixed{1e300, 1e-300, 1e-320, 1e280};
  CHECK(taut::spectral_norm(mixed.data(), 2, 2).value >= 1e300);
  std::vector<double> huge(36, 1.5e308);
  CHECK(rounded::detail::is_infinite(taut::spectral_norm(huge.data(), 6, 6).value));
}

TEST_CASE("certify.spectral_norm: what is not finite has no bound, what is zero has none but zero") {
  const double nan = rounded::detail::from_bits(0x7FF8000000000000u), infinity = rounded::detail::unbounded();
  for (const double bad : {nan, infinity, -infinity}) {
    std::vector<double> w(12, 1.0);
    w[7] = bad;
    CHECK(taut::spectral_norm(w.data(), 3, 4).value == infinity);
    CHECK(taut::frobenius_norm_up(w.data(), 3, 4) == infinity);
    CHECK(taut::schur_norm_up(w.data(), 3, 4) == infinity);
    CHECK(taut::hoelder_norm_up(w.data(), 3, 4) == infinity);
    CHECK(taut::gram_norm_up(w.data(), 3, 4) == infinity);
    CHECK_FALSE(taut::spectral_norm_at_most(w.data(), 3, 4, 1e300));
    CHECK(taut::spectral_norm(std::vector<double>(12).data(), 3, 4, std::fabs(bad)).value == infinity);
  }
  const std::vector<double> zero(12);
  CHECK(taut::spectral_norm(zero.data(), 3, 4).value == 0);
  CHECK(taut::gram_norm_up(zero.data(), 3, 4) == 0);
  CHECK(taut::spectral_norm(zero.data(), 3, 4, 0.25).value == 0.25);
  CHECK(taut::spectral_norm_at_most(zero.data(), 3, 4, 0));
  CHECK_FALSE(taut::spectral_norm_at_most(zero.data(), 3, 4, -1));
  CHECK_FALSE(taut::spectral_norm_at_most(zero.data(), 3, 4, nan));
  CHECK(taut::spectral_norm(zero.data(), 3, 4, -1).value == infinity);
  CHECK(std::string(taut::spectral_norm(zero.data(), 3, 4).method) == "zero");
}

TEST_CASE("certify.spectral_norm: the error of the entries is added") {
  std::vector<double> w = make(kind::spike_in_noise, 9, 6, 3), nearby = w;
  taut::base::random_stream stream(8);
  for (int trial = 0; trial < 50; ++trial) {
    double square = 0;
    for (std::size_t i = 0; i < w.size(); ++i) {
      nearby[i] = w[i] + 0.2 * stream.normal();
      square += (nearby[i] - w[i]) * (nearby[i] - w[i]);
    }
    const double error = std::sqrt(square) * (1 + 1e-12);
    CHECK(taut::spectral_norm(w.data(), 9, 6, error).value >= jacobi_norm(nearby, 9, 6));
  }
}

TEST_CASE("certify.spectral_norm: run time and constant evaluation agree") {
  std::vector<double> w(w32.begin(), w32.end());
  CHECK(taut::spectral_norm(w.data(), 32, 64).value == Approx(b32.value).epsilon(1e-5));
  const long double truth = jacobi_norm(w, 32, 64);
  CHECK(b32.value >= truth);
  CHECK(b32.value <= truth * 1.00001L);
  const std::vector<double> v(w16.begin(), w16.end());
  CHECK(b16.value >= jacobi_norm(v, 16, 16));
  CHECK(b16.value <= jacobi_norm(v, 16, 16) * 1.00001L);
}

TEST_CASE("certify.spectral_norm: a claim one ulp too small is never proved") {
  int proved = 0, trials = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed)
    for (int k = 0; k < static_cast<int>(kind::last); ++k) {
      const std::size_t rows = 2 + seed % 7, columns = 2 + seed % 5;
      const auto w = make(static_cast<kind>(k), rows, columns, seed);
      const long double truth = jacobi_norm(w, rows, columns);
      auto claim = static_cast<double>(truth);
      while (claim >= truth * (1 - 1e-18L) && truth > 0) claim = rounded::next_down(claim);
      if (truth == 0) continue;
      ++trials;
      proved += taut::spectral_norm_at_most(w.data(), rows, columns, claim);
    }
  CHECK(trials > 2000);
  CHECK(proved == 0);
}

TEST_CASE("certify.spectral_norm: rounding of the Gram matrix does not prove a false claim") {
  // The bits of the square are chosen so that most partial sums lose half an ulp: the sum of all comes out 400 ulps
  // small.
  double entry = 1.1;
  while ((std::bit_cast<std::uint64_t>(entry * entry) & 0xFFF) != 0x3FF) entry = rounded::next_up(entry);
  std::vector<double> w(2 * 60000);
  for (std::size_t j = 0; j < 60000; ++j) w[j] = entry;
  const long double truth = entry * std::sqrt(60000.0L);
  CHECK(taut::spectral_norm(w.data(), 2, 60000).value >= truth);
  for (int units = 1; units < 200; units += 3)
    CHECK_FALSE(taut::spectral_norm_at_most(w.data(), 2, 60000, static_cast<double>(truth * (1 - units * 0x1p-52L))));
  CHECK(taut::spectral_norm_at_most(w.data(), 2, 60000, static_cast<double>(truth * (1 + 1e-8L))));
}
