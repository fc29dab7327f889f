// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>
#include <taut/simd/math.hpp>

#include "simd/sweep.hpp"

namespace taut::simd {
namespace {

using namespace tests;

constexpr auto exp_of = [](auto x) { return exp(x); };
constexpr auto expm1_of = [](auto x) { return expm1(x); };
constexpr auto tanh_of = [](auto x) { return tanh(x); };
constexpr auto sigmoid_of = [](auto x) { return sigmoid(x); };
constexpr auto exact_exp = [](auto x) { return std::exp(x); };
constexpr auto exact_expm1 = [](auto x) { return std::expm1(x); };
constexpr auto exact_tanh = [](auto x) { return std::tanh(x); };
constexpr auto exact_sigmoid = [](auto x) { return 1 / (1 + std::exp(-x)); };

static_assert(exp(0.0f) == 1 && tanh(0.0f) == 0 && sigmoid(0.0f) == 0.5f);
static_assert(exp(infinity) == infinity && exp(-infinity) == 0 && exp(100.0f) == infinity && exp(-100.0f) == 0);
static_assert(expm1(infinity) == infinity && expm1(-infinity) == -1 && expm1(-17.5f) == -1 && expm1(0.0f) == 0);
static_assert(expm1(1e-30f) == 1e-30f && expm1(-0x1p-149f) == -0x1p-149f && expm1(-1e-30) == -1e-30);
static_assert(expm1(1e9) == std::numeric_limits<double>::infinity() && expm1(-1e9) == -1 && expm1(0.0) == 0);
static_assert(exp(-1.0f, 0.0f) == exp(-1.0f) && exp(-infinity, 0.0f) == 0);
static_assert(tanh(infinity) == 1 && tanh(-infinity) == -1 && tanh(9.0122f) == 1 && tanh(1e30f) == 1);
static_assert(sigmoid(infinity) == 1 && sigmoid(-infinity) == 0 && sigmoid(-100.0f) == 0);
static_assert(tanh(0x1p-149f) == 0x1p-149f && tanh(-1e-10f) == -1e-10f);
static_assert(exp(88.7228f) < infinity && exp(-86.8f) > 0);
static_assert(tanh(portable<4>(100.0f)).at[3] == 1 && exp(portable<2>(1.0f)).at[1] == exp(1.0f));
static_assert(tanh(1e9) == 1 && tanh(-1e9) == -1 && tanh(0.0) == 0 && exp(-1e9) == 0 && exp(0.0) == 1);
static_assert(exp(1e9) == std::numeric_limits<double>::infinity() && sigmoid(-1e9) == 0 && sigmoid(1e9) == 1);

}  // namespace

TEST_CASE("simd.math: exp is as accurate as stated") {
  CHECK(sweep(1e-9f, 88.7228f, 199, exp_of, exact_exp).ulp < (target_fuses ? 1.0 : 1.3));
  CHECK(sweep(-1e-9f, -86.9f, 199, exp_of, exact_exp).ulp < (target_fuses ? 1.0 : 1.3));
}

TEST_CASE("simd.math: exp of a sum counts both parts") {
  constexpr float low = 0x1.234568p-6f;
  for (const float part : {low, -low, low / 1000}) {
    const auto sum = [=](auto x) { return exp(x, decltype(x)(part)); };
    const auto exact = [=](double x) { return std::exp(x + static_cast<double>(part)); };
    CHECK(sweep(-1e-9f, -86.8f, 199, sum, exact).ulp < (target_fuses ? 1.1 : 1.4));
  }
  CHECK(std::abs(exp(-2.0, 0.01) / std::exp(-1.99) - 1) < 1e-12);
  CHECK(std::abs(exp(-2.0, 1e-5) / std::exp(-1.99999) - 1) < 3e-16);
}

TEST_CASE("simd.math: expm1 is as accurate as stated and never below -1") {
  CHECK(sweep(1e-30f, 88.7228f, 199, expm1_of, exact_expm1).ulp < 1.7);
  const errors negative = sweep(-1e-30f, -1e30f, 199, expm1_of, exact_expm1);
  CHECK(negative.ulp < 1.7);
  CHECK(negative.largest == 1);
}

TEST_CASE("simd.math: tanh is as accurate as stated and never beyond 1") {
  for (const float sign : {1.0f, -1.0f}) {
    const errors all = sweep(sign * 1e-30f, sign * 12.0f, 199, tanh_of, exact_tanh);
    CHECK(all.ulp < 6);
    CHECK(all.absolute < 2.1e-7);
    CHECK(all.largest == 1);
    CHECK(sweep(sign * 1e-30f, sign * 0.05f, 199, tanh_of, exact_tanh).ulp < 4);
    CHECK(sweep(sign * 9.0122f, sign * 1e30f, 1999, tanh_of, [=](double) { return sign; }).ulp == 0);
  }
}

TEST_CASE("simd.math: sigmoid is as accurate as stated and in [0, 1]") {
  CHECK(sweep(1e-9f, 40.0f, 199, sigmoid_of, exact_sigmoid).ulp < 2.5);
  CHECK(sweep(-1e-9f, -88.72f, 199, sigmoid_of, exact_sigmoid).ulp < 2.5);
  CHECK(sweep(1e-9f, 1e30f, 1999, sigmoid_of, exact_sigmoid).largest == 1);
}

TEST_CASE("simd.math: special values in every lane") {
  for (const float x :
       {infinity, -infinity, nan, 0.0f, -0.0f, 3e38f, -3e38f, 0x1p-149f, -0x1p-149f, 88.7228f, -87.0f}) {
    check_special(exp_of, x, std::isnan(x));
    check_special(expm1_of, x, std::isnan(x));
    check_special(tanh_of, x, std::isnan(x));
    check_special(sigmoid_of, x, std::isnan(x));
  }
  CHECK(same(expm1(-0.0f), -0.0f));
}

TEST_CASE("simd.math: constant expressions, scalars and registers agree bit for bit") {
  constexpr auto exps = table(exp_of, 20.0f), tanhs = table(tanh_of, 2.0f), sigmoids = table(sigmoid_of, 20.0f);
  constexpr auto expm1s = table(expm1_of, 6.0f);
  CHECK(differences(exp_of, exps, 20.0f) == 0);
  CHECK(differences(expm1_of, expm1s, 6.0f) == 0);
  CHECK(differences(tanh_of, tanhs, 2.0f) == 0);
  CHECK(differences(sigmoid_of, sigmoids, 20.0f) == 0);
}

TEST_CASE("simd.math: double in constant expressions") {
  constexpr auto exps = table(exp_of, 170.0), small = table(exp_of, 0.2);
  constexpr auto expm1s = table(expm1_of, 20.0), small_expm1s = table(expm1_of, 0.1);
  constexpr auto tanhs = table(tanh_of, 5.0), near_zero = table(tanh_of, 0.1), sigmoids = table(sigmoid_of, 8.0);
  CHECK(worst(exact_exp, exps, 170.0) < 3.2e-16);
  CHECK(worst(exact_exp, small, 0.2) < 3.2e-16);
  CHECK(worst(exact_expm1, expm1s, 20.0) < 6e-16);
  CHECK(worst(exact_expm1, small_expm1s, 0.1) < 6e-16);
  CHECK(worst(exact_tanh, tanhs, 5.0) < 6.2e-16);
  CHECK(worst(exact_tanh, near_zero, 0.1) < 6.2e-16);
  CHECK(worst(exact_sigmoid, sigmoids, 8.0) < 1e-15);
  CHECK(exp(1.5) == std::exp(1.5));
  CHECK(expm1(-0.5) == std::expm1(-0.5));
  CHECK(tanh(1.5) == std::tanh(1.5));
}

}  // namespace taut::simd
