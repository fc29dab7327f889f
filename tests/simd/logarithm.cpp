// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>
#include <taut/simd/logarithm.hpp>

#include "simd/sweep.hpp"

namespace taut::simd {
namespace {

using namespace tests;

constexpr auto log_of = [](auto x) { return log(x); };
constexpr auto log1p_of = [](auto x) { return log1p(x); };
constexpr auto exact_log = [](auto x) { return std::log(x); };
constexpr auto exact_log1p = [](auto x) { return std::log1p(x); };

constexpr double wide_infinity = std::numeric_limits<double>::infinity();

static_assert(log(1.0f) == 0 && log(infinity) == infinity && log(0.0f) == -infinity && log(-0.0f) == -infinity);
static_assert(log(-1.0f) != log(-1.0f) && log(-infinity) != log(-infinity));
static_assert(log1p(0.0f) == 0 && log1p(infinity) == infinity && log1p(-1.0f) == -infinity);
static_assert(log1p(-1.5f) != log1p(-1.5f) && log1p(-infinity) != log1p(-infinity));
static_assert(log1p(1e-30f) == 1e-30f && log1p(-0x1p-149f) == -0x1p-149f);
static_assert(log(1.0) == 0 && log(0.0) == -wide_infinity && log(wide_infinity) == wide_infinity);
static_assert(log1p(-1.0) == -wide_infinity && log1p(wide_infinity) == wide_infinity && log1p(1e-30) == 1e-30);
static_assert(log(-1.0) != log(-1.0) && log1p(-2.0) != log1p(-2.0));
static_assert(log(portable<4>(8.0f)).at[3] == log(8.0f) && nearest_exponent(8.0f) == integer_shift + 3);

}  // namespace

TEST_CASE("simd.logarithm: log is as accurate as stated") {
  const errors below = sweep(0x1p-149f, 1.0f, 199, log_of, exact_log);
  const errors above = sweep(1.0f, std::numeric_limits<float>::max(), 199, log_of, exact_log);
  CHECK(below.ulp < 1);
  CHECK(above.ulp < 1);
  CHECK(sweep(0.5f, 2.0f, 7, log_of, exact_log).ulp < 1);
}

TEST_CASE("simd.logarithm: log1p is as accurate as stated") {
  CHECK(sweep(1e-37f, std::numeric_limits<float>::max(), 199, log1p_of, exact_log1p).ulp < 1);
  CHECK(sweep(-1e-37f, -1.0f + 0x1p-24f, 199, log1p_of, exact_log1p).ulp < 1);
}

TEST_CASE("simd.logarithm: special values in every lane") {
  for (const float x : {infinity, -infinity, nan, 0.0f, -0.0f, 3.4e38f, -3e38f, 0x1p-149f, -0x1p-149f, 1.0f, -1.0f}) {
    check_special(log_of, x, std::isnan(x) || x < 0);
    check_special(log1p_of, x, std::isnan(x) || x < -1);
  }
}

TEST_CASE("simd.logarithm: constant expressions, scalars and registers agree bit for bit") {
  constexpr auto logs = table(log_of, 3.0f), log1ps = table(log1p_of, 1.0f);
  CHECK(differences(log_of, logs, 3.0f) == 0);
  CHECK(differences(log1p_of, log1ps, 1.0f) == 0);
}

TEST_CASE("simd.logarithm: double in constant expressions") {
  constexpr auto logs = table(log_of, 1e300), ones = table(log_of, 0.3), tiny = table(log_of, 1e-320);
  constexpr auto large = table(log1p_of, 1e10), small = table(log1p_of, 0.24), smaller = table(log1p_of, 1e-9);
  CHECK(worst(exact_log, logs, 1e300) < 6e-16);
  CHECK(worst(exact_log, ones, 0.3) < 6e-16);
  CHECK(worst(exact_log, tiny, 1e-320) < 6e-16);
  CHECK(worst(exact_log1p, large, 1e10) < 6e-16);
  CHECK(worst(exact_log1p, small, 0.24) < 6e-16);
  CHECK(worst(exact_log1p, smaller, 1e-9) < 6e-16);
  CHECK(log(1.5) == std::log(1.5));
  CHECK(log1p(1.5) == std::log1p(1.5));
}

}  // namespace taut::simd
