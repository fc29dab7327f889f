// SPDX-License-Identifier: Apache-2.0
#include <taut/layers/silu.hpp>

#include "layers/pointwise.hpp"

namespace {

using namespace taut;

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr auto exact = [](auto x) { return x / (1 + std::exp(-x)); };
constexpr auto exact_slope = [](auto x) {
  const auto s = 1 / (1 + std::exp(-x));
  return s + x * s / (1 + std::exp(x));
};

static_assert(Layer<layer::silu> && SiLU.name.view() == "SiLU");
static_assert(layer::silu::apply(0.0f) == 0 && layer::silu::apply(infinity) == infinity);
static_assert(layer::silu::apply(-infinity) == 0 && layer::silu::apply(-1e9) == 0 && layer::silu::apply(1e9) == 1e9);
static_assert(layer::silu::derivative(0.0, 0.0) == 0.5 && layer::silu::derivative(infinity, infinity) == 1 &&
              layer::silu::derivative(-infinity, 0.0f) == 0);
static_assert(!layer::silu::homogeneous && layer::silu::range.upper == rounded::infinity);

}  // namespace

namespace taut::tests {
void laws_of_silu() {
  tests::check_laws<layer::silu, shape{1}>({.tight = 0.98});
  tests::check_laws<layer::silu, shape{19}>({.tight = 0.4});
  tests::check_laws<layer::silu, shape{2, 3, 3}>({.tight = 0.4});
}
}  // namespace taut::tests

TEST_CASE("layers.silu: errors are as stated, in the left tail too") {
  CHECK(tests::apply_errors<layer::silu>(-1e-30f, -88.72f, exact).ulp < 2.5);
  CHECK(tests::apply_errors<layer::silu>(1e-30f, 1e30f, exact).ulp < 2.5);
  CHECK(tests::derivative_errors<layer::silu>(-2.0f, -86.8f, exact_slope).ulp < 7);
  CHECK(tests::derivative_errors<layer::silu>(-1e-9f, -2.0f, exact_slope).absolute < 3e-7);
  CHECK(tests::derivative_errors<layer::silu>(1e-9f, 1e30f, exact_slope).absolute < 3e-7);
}

TEST_CASE("layers.silu: double is exact to 1e-14") {
  constexpr auto constant = simd::tests::table([](auto x) { return layer::silu::apply(x); }, 10.0);
  tests::check_double<layer::silu>(constant, 10.0, exact);
}

TEST_CASE(
    "layers.silu: its derivative is its slope, its steepest point and its minimum are where they are said to be") {
  tests::check_derivative<layer::silu>();
  tests::check_steepest<layer::silu>(2.39935728051546766718);
  CHECK(layer::silu::apply(-1.27846454276107380632) == Approx(-0.278464542761073795109).epsilon(1e-14));
}
