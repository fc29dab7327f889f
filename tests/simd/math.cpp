// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <taut/simd/lane.hpp>
#include <taut/simd/math.hpp>

#include "support/catch.hpp"

namespace taut::simd {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float nan = std::numeric_limits<float>::quiet_NaN();

struct errors {
  double ulp = 0, absolute = 0;
  float largest = 0;
};

// The errors of f on native lanes over every step-th float between from and to (of one sign, |from| < |to|).
template <class F, class Exact> errors sweep(float from, float to, std::uint32_t step, F f, Exact exact) {
  constexpr std::size_t size = width<native>;
  errors worst;
  alignas(64) float x[size], y[size];
  const std::uint32_t last = std::bit_cast<std::uint32_t>(to);
  for (std::uint32_t bits = std::bit_cast<std::uint32_t>(from); bits < last;) {
    for (std::size_t i = 0; i < size; ++i, bits += step) x[i] = std::bit_cast<float>(std::min(bits, last));
    store_aligned(f(load_aligned<native>(x)), y);
    for (std::size_t i = 0; i < size; ++i) {
      const double truth = exact(static_cast<double>(x[i]));
      int exponent;
      std::frexp(truth, &exponent);
      const double error = std::abs(y[i] - truth), unit = std::ldexp(1.0, std::max(exponent, -125) - 24);
      worst.ulp = std::max(worst.ulp, error / unit);
      worst.absolute = std::max(worst.absolute, error);
      worst.largest = std::max(worst.largest, std::abs(y[i]));
      if (!(error < infinity)) worst.ulp = infinity;
    }
  }
  return worst;
}

constexpr auto exp_of = [](auto x) { return exp(x); };
constexpr auto tanh_of = [](auto x) { return tanh(x); };
constexpr auto sigmoid_of = [](auto x) { return sigmoid(x); };
double exact_exp(double x) { return std::exp(x); }
double exact_tanh(double x) { return std::tanh(x); }
double exact_sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

// f of 160 numbers that fill [-4 scale, 4 scale).
template <class T, class F> constexpr auto table(F f, T scale) {
  std::array<T, 160> r{};
  for (std::size_t i = 0; i < r.size(); ++i) r[i] = f((static_cast<T>(i) - 80) * scale / 20);
  return r;
}

static_assert(exp(0.0f) == 1 && tanh(0.0f) == 0 && sigmoid(0.0f) == 0.5f);
static_assert(exp(infinity) == infinity && exp(-infinity) == 0 && exp(100.0f) == infinity && exp(-100.0f) == 0);
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

TEST_CASE("simd.math: tanh is as accurate as stated and never beyond 1") {
  for (const float sign : {1.0f, -1.0f}) {
    const errors all = sweep(sign * 1e-30f, sign * 12.0f, 199, tanh_of, exact_tanh);
    CHECK(all.ulp < 6);
    CHECK(all.absolute < 2e-7);
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
    CAPTURE(x);
    const auto same = [](float a, float b) {
      return std::isnan(a) ? std::isnan(b) : std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b);
    };
    const auto agree = [&](auto f) {
      alignas(64) float lanes[width<native>];
      store_aligned(f(native(x)), lanes);
      const float scalar = f(x);
      CHECK(std::isnan(scalar) == std::isnan(x));
      for (const float y : lanes) CHECK(same(y, scalar));
      CHECK(same(f(portable<1>(x)).at[0], scalar));
    };
    agree(exp_of);
    agree(tanh_of);
    agree(sigmoid_of);
  }
}

TEST_CASE("simd.math: constant expressions, scalars and registers agree bit for bit") {
  const auto agree = [](auto f, const std::array<float, 160>& constant, float scale) {
    constexpr std::size_t size = width<native>;
    std::size_t different = 0;
    for (std::size_t i = 0; i < constant.size(); ++i) {
      const volatile float opaque = (static_cast<float>(i) - 80) * scale / 20;
      const float x = opaque;
      alignas(64) float lanes[size];
      store_aligned(f(native(x)), lanes);
      different += f(x) != constant[i];
      different += f(portable<1>(x)).at[0] != constant[i];
      for (const float y : lanes) different += y != constant[i];
    }
    return different;
  };
  constexpr auto exps = table(exp_of, 20.0f), tanhs = table(tanh_of, 2.0f), sigmoids = table(sigmoid_of, 20.0f);
  CHECK(agree(exp_of, exps, 20.0f) == 0);
  CHECK(agree(tanh_of, tanhs, 2.0f) == 0);
  CHECK(agree(sigmoid_of, sigmoids, 20.0f) == 0);
}

TEST_CASE("simd.math: double in constant expressions") {
  const auto worst = [](auto exact, const std::array<double, 160>& constant, double scale) {
    double error = 0;
    for (std::size_t i = 0; i < constant.size(); ++i) {
      const double truth = exact((static_cast<double>(i) - 80) * scale / 20);
      error = std::max(error, truth == 0 ? std::abs(constant[i]) : std::abs(constant[i] / truth - 1));
    }
    return error;
  };
  constexpr auto exps = table(exp_of, 170.0), small = table(exp_of, 0.2);
  constexpr auto tanhs = table(tanh_of, 5.0), near_zero = table(tanh_of, 0.1), sigmoids = table(sigmoid_of, 8.0);
  CHECK(worst(exact_exp, exps, 170.0) < 3.2e-16);
  CHECK(worst(exact_exp, small, 0.2) < 3.2e-16);
  CHECK(worst(exact_tanh, tanhs, 5.0) < 6.2e-16);
  CHECK(worst(exact_tanh, near_zero, 0.1) < 6.2e-16);
  CHECK(worst(exact_sigmoid, sigmoids, 8.0) < 1e-15);
  CHECK(exp(1.5) == std::exp(1.5));
  CHECK(tanh(1.5) == std::tanh(1.5));
}

}  // namespace taut::simd
