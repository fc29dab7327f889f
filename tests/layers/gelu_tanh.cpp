// SPDX-License-Identifier: Apache-2.0
#include <taut/layers/gelu_tanh.hpp>

#include "layers/pointwise.hpp"

namespace {

using namespace taut;

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr auto doubled = [](auto x) {  // 2 u
  using real = decltype(x);
  return std::sqrt(8 / std::acos(real(-1))) * (x + real(44715) / 1000000 * x * x * x);
};
constexpr auto exact = [](auto x) { return x / (1 + std::exp(-doubled(x))); };
constexpr auto exact_slope = [](auto x) {
  using real = decltype(x);
  const real s = 1 / (1 + std::exp(-doubled(x))), other = 1 / (1 + std::exp(doubled(x)));
  return s + x * s * other * std::sqrt(8 / std::acos(real(-1))) * (1 + 3 * real(44715) / 1000000 * x * x);
};

static_assert(Layer<layer::gelu_tanh> && GELUTanh.name.view() == "GELUTanh");
static_assert(layer::gelu_tanh::apply(0.0f) == 0 && layer::gelu_tanh::apply(infinity) == infinity);
static_assert(layer::gelu_tanh::apply(-infinity) == 0 && layer::gelu_tanh::apply(-1e9) == 0 &&
              layer::gelu_tanh::apply(1e9) == 1e9);
static_assert(layer::gelu_tanh::derivative(0.0, 0.0) == 0.5 && layer::gelu_tanh::derivative(infinity, infinity) == 1 &&
              layer::gelu_tanh::derivative(-infinity, 0.0f) == 0);
static_assert(!layer::gelu_tanh::homogeneous && layer::gelu_tanh::range.upper == rounded::infinity);

}  // namespace

namespace taut::tests {
void laws_of_gelu_tanh() {
  tests::check_laws<layer::gelu_tanh, shape{1}>({.tight = 0.98});
  tests::check_laws<layer::gelu_tanh, shape{19}>({.tight = 0.4});
  tests::check_laws<layer::gelu_tanh, shape{2, 3, 3}>({.tight = 0.4});
}
}  // namespace taut::tests

TEST_CASE("layers.gelu_tanh: errors are as stated, in the left tail too") {
  CHECK(tests::apply_errors<layer::gelu_tanh>(-1e-30f, -9.96f, exact).ulp < (simd::target_fuses ? 3 : 140));
  CHECK(tests::apply_errors<layer::gelu_tanh>(-9.99f, -1e30f, exact).largest == 0);
  CHECK(tests::apply_errors<layer::gelu_tanh>(1e-30f, 1e12f, exact).ulp < 2);
  CHECK(tests::derivative_errors<layer::gelu_tanh>(-2.0f, -9.96f, exact_slope).ulp < (simd::target_fuses ? 10 : 150));
  CHECK(tests::derivative_errors<layer::gelu_tanh>(-1e-9f, -2.0f, exact_slope).absolute < 3e-7);
  CHECK(tests::derivative_errors<layer::gelu_tanh>(1e-9f, 20.0f, exact_slope).absolute < 3e-7);
}

TEST_CASE("layers.gelu_tanh: double is exact to 1e-14, to 1e-13 in the tail") {
  constexpr auto constant = simd::tests::table([](auto x) { return layer::gelu_tanh::apply(x); }, 4.0);
  constexpr auto near = simd::tests::table([](auto x) { return layer::gelu_tanh::apply(x); }, 1.0);
  tests::check_double<layer::gelu_tanh>(constant, 4.0, exact, 1e-13);
  tests::check_double<layer::gelu_tanh>(near, 1.0, exact);
}

TEST_CASE("layers.gelu_tanh: its derivative is its slope, its steepest point and its minimum are where said") {
  tests::check_derivative<layer::gelu_tanh>();
  tests::check_steepest<layer::gelu_tanh>(1.41850400879082834682);
  CHECK(layer::gelu_tanh::apply(-0.752461422071016269534) == Approx(-0.170040750571254050639).epsilon(1e-14));
}
