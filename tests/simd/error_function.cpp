// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>
#include <numbers>
#include <taut/simd/error_function.hpp>

#include "simd/sweep.hpp"

namespace taut::simd {
namespace {

using namespace tests;

constexpr auto gaussian_of = [](auto t) { return gaussian(t); };
constexpr auto scaled_of = [](auto t) { return scaled_tail(abs(t)); };
constexpr auto tail_of = [](auto t) { return normal_tail(abs(t)); };
constexpr auto erf_of = [](auto x) { return erf(x); };
constexpr auto exact_gaussian = [](auto t) { return std::exp(-t * t / 2); };
constexpr auto exact_tail = [](auto t) { return std::erfc(std::abs(t) / std::numbers::sqrt2_v<decltype(t)>) / 2; };
constexpr auto exact_scaled = [](auto t) { return std::exp(t * t / 2) * exact_tail(t); };
constexpr auto exact_erf = [](auto x) { return std::erf(x); };

static_assert(gaussian(0.0f) == 1 && gaussian(infinity) == 0 && gaussian(-infinity) == 0 && gaussian(0.0) == 1);
static_assert(normal_tail(0.0f) == 0.5f && normal_tail(infinity) == 0 && normal_tail(0.0) == 0.5);
static_assert(normal_tail(std::numeric_limits<double>::infinity()) == 0);
static_assert(erf(0.0f) == 0 && erf(infinity) == 1 && erf(-infinity) == -1 && erf(0.0) == 0 && erf(-1e9) == -1);
static_assert(normal_tail(portable<2>(1.0f)).at[1] == normal_tail(1.0f));

}  // namespace

TEST_CASE("simd.error_function: gaussian is as accurate as stated") {
  const auto wide = [](double t) { return static_cast<double>(exact_gaussian(static_cast<long double>(t))); };
  CHECK(sweep(1e-9f, 13.18f, 199, gaussian_of, wide).ulp < (target_fuses ? 1.1 : 1.4));
  CHECK(sweep(-1e-9f, -13.18f, 199, gaussian_of, wide).ulp < (target_fuses ? 1.1 : 1.4));
  CHECK(sweep(13.19f, 1e30f, 1999, gaussian_of, [](double) { return 0.0; }).largest == 0);
}

TEST_CASE("simd.error_function: the tail is as accurate as stated") {
  const auto scaled = [](double t) { return static_cast<double>(exact_scaled(static_cast<long double>(t))); };
  CHECK(sweep(1e-9f, 13.3f, 199, scaled_of, scaled).ulp < (target_fuses ? 5.5 : 6.5));
  CHECK(sweep(1e-9f, 12.9f, 199, tail_of, exact_tail).ulp < (target_fuses ? 5.5 : 7.5));
  CHECK(sweep(13.19f, 1e30f, 1999, tail_of, [](double) { return 0.0; }).largest == 0);
}

TEST_CASE("simd.error_function: erf is as accurate as stated and never beyond 1") {
  for (const float sign : {1.0f, -1.0f}) {
    const errors all = sweep(sign * 1e-30f, sign * 1e30f, 199, erf_of, exact_erf);
    CHECK(all.ulp < 1.5);
    CHECK(all.largest == 1);
  }
}

TEST_CASE("simd.error_function: special values in every lane") {
  for (const float x : {infinity, -infinity, nan, 0.0f, -0.0f, 3e38f, -3e38f, 0x1p-149f, -0x1p-149f, 13.2f, -1.0f}) {
    check_special(gaussian_of, x, std::isnan(x));
    check_special(tail_of, x, std::isnan(x));
    check_special(erf_of, x, std::isnan(x));
  }
}

TEST_CASE("simd.error_function: constant expressions, scalars and registers agree bit for bit") {
  constexpr auto gaussians = table(gaussian_of, 3.3f), tails = table(tail_of, 3.3f), erfs = table(erf_of, 1.0f);
  constexpr auto scaled = table(scaled_of, 4.0f);
  CHECK(differences(gaussian_of, gaussians, 3.3f) == 0);
  CHECK(differences(tail_of, tails, 3.3f) == 0);
  CHECK(differences(scaled_of, scaled, 4.0f) == 0);
  CHECK(differences(erf_of, erfs, 1.0f) == 0);
}

#if !defined(__wasm__)  // its C library computes functions of long double in double
TEST_CASE("simd.error_function: double in constant expressions") {
  constexpr auto gaussians = table(gaussian_of, 9.2), tails = table(tail_of, 9.2), near_zero = table(tail_of, 0.3);
  constexpr auto scaled = table(scaled_of, 9.2), erfs = table(erf_of, 1.5), small = table(erf_of, 1e-5);
  CHECK(worst(exact_gaussian, gaussians, 9.2) < 1e-15);
  CHECK(worst(exact_tail, tails, 9.2) < 2e-15);
  CHECK(worst(exact_tail, near_zero, 0.3) < 2e-15);
  CHECK(worst(exact_scaled, scaled, 9.2) < 2e-15);
  CHECK(worst(exact_erf, erfs, 1.5) < 1e-15);
  CHECK(worst(exact_erf, small, 1e-5) < 1e-15);
  CHECK(erf(1.5) == std::erf(1.5));
  for (double t = 0; t < 37; t += 0.001) {
    const long double truth = exact_tail(static_cast<long double>(t));
    REQUIRE(std::abs(static_cast<double>(normal_tail(t) / truth - 1)) < 2e-15);
  }
}
#endif

}  // namespace taut::simd
