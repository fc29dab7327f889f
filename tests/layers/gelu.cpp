// SPDX-License-Identifier: Apache-2.0
#include <taut/layers/gelu.hpp>

#include "layers/pointwise.hpp"

namespace {

using namespace taut;

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr auto exact = [](auto x) { return x * std::erfc(-x / std::sqrt(decltype(x)(2))) / 2; };
constexpr auto exact_slope = [](auto x) {
  const auto density = std::exp(-x * x / 2) / std::sqrt(2 * std::acos(decltype(x)(-1)));
  return std::erfc(-x / std::sqrt(decltype(x)(2))) / 2 + x * density;
};

static_assert(Layer<layer::gelu> && GELU.name.view() == "GELU");
static_assert(layer::gelu::apply(0.0f) == 0 && layer::gelu::apply(infinity) == infinity);
static_assert(layer::gelu::apply(-infinity) == 0 && layer::gelu::apply(-1e9) == 0 && layer::gelu::apply(1e9) == 1e9);
static_assert(layer::gelu::derivative(0.0, 0.0) == 0.5 && layer::gelu::derivative(infinity, infinity) == 1 &&
              layer::gelu::derivative(-infinity, 0.0f) == 0);
static_assert(!layer::gelu::homogeneous && layer::gelu::range.upper == rounded::infinity);

}  // namespace

namespace taut::tests {
void laws_of_gelu() {
  tests::check_laws<layer::gelu, shape{1}>({.tight = 0.98});
  tests::check_laws<layer::gelu, shape{19}>({.tight = 0.4});
  tests::check_laws<layer::gelu, shape{2, 3, 3}>({.tight = 0.4});
}
}  // namespace taut::tests

TEST_CASE("layers.gelu: errors are as stated, in the left tail too") {
  CHECK(tests::apply_errors<layer::gelu>(-1e-30f, -12.9f, exact).ulp < (simd::target_fuses ? 6.5 : 7));
  CHECK(tests::apply_errors<layer::gelu>(-13.2f, -1e30f, [](auto x) { return 0 * x; }).largest == 0);
  CHECK(tests::apply_errors<layer::gelu>(1e-30f, 1e30f, exact).ulp < 4);
  CHECK(tests::derivative_errors<layer::gelu>(-2.0f, -12.9f, exact_slope).ulp < 5);
  CHECK(tests::derivative_errors<layer::gelu>(-1e-9f, -2.0f, exact_slope).absolute < 3e-7);
  CHECK(tests::derivative_errors<layer::gelu>(1e-9f, 1e30f, exact_slope).absolute < 3e-7);
}

TEST_CASE("layers.gelu: double is exact to 1e-14") {
  constexpr auto constant = simd::tests::table([](auto x) { return layer::gelu::apply(x); }, 9.2);
  tests::check_double<layer::gelu>(constant, 9.2, exact);
}

TEST_CASE(
    "layers.gelu: its derivative is its slope, its steepest point and its minimum are where they are said to be") {
  tests::check_derivative<layer::gelu>();
  tests::check_steepest<layer::gelu>(1.41421356237309504880);
  CHECK(layer::gelu::apply(-0.751791524693564464112) == Approx(-0.169971207479903661694).epsilon(1e-14));
}
