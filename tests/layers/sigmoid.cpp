// SPDX-License-Identifier: Apache-2.0
#include <taut/layers/sigmoid.hpp>

#include "layers/pointwise.hpp"

namespace {

using namespace taut;

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr auto exact = [](auto x) { return 1 / (1 + std::exp(-x)); };
constexpr auto exact_slope = [](auto x) { return std::exp(-std::abs(x)) * exact(std::abs(x)) * exact(std::abs(x)); };

static_assert(Layer<layer::sigmoid> && Sigmoid.name.view() == "Sigmoid");
static_assert(layer::sigmoid::apply(0.0f) == 0.5f && layer::sigmoid::apply(infinity) == 1 &&
              layer::sigmoid::apply(-infinity) == 0);
static_assert(layer::sigmoid::derivative(0.0, 0.5) == 0.25 && layer::sigmoid::derivative(infinity, 1.0f) == 0);
static_assert(!layer::sigmoid::homogeneous && layer::sigmoid::range.lower == 0 && layer::sigmoid::range.upper == 1);
static_assert(layer::sigmoid::lipschitz(shape{3}).value().upper == 0.25);

}  // namespace

namespace taut::tests {
void laws_of_sigmoid() {
  tests::check_laws<layer::sigmoid, shape{1}>({.tight = 0.98});
  tests::check_laws<layer::sigmoid, shape{19}>({.tight = 0.4});
  tests::check_laws<layer::sigmoid, shape{2, 3, 3}>({.tight = 0.4});
}
}  // namespace taut::tests

TEST_CASE("layers.sigmoid: errors are as stated, in both tails of the derivative too") {
  CHECK(tests::apply_errors<layer::sigmoid>(-1e-9f, -88.72f, exact).ulp < 2.5);
  CHECK(tests::apply_errors<layer::sigmoid>(1e-9f, 100.0f, exact).ulp < 2.5);
  CHECK(tests::derivative_errors<layer::sigmoid>(-1e-9f, -86.8f, exact_slope).ulp < 5);
  CHECK(tests::derivative_errors<layer::sigmoid>(1e-9f, 86.8f, exact_slope).ulp < 5);
}

TEST_CASE("layers.sigmoid: double is exact to 1e-14") {
  constexpr auto constant = simd::tests::table([](auto x) { return layer::sigmoid::apply(x); }, 10.0);
  tests::check_double<layer::sigmoid>(constant, 10.0, exact);
}

TEST_CASE("layers.sigmoid: its derivative is its slope, steepest at 0") {
  tests::check_derivative<layer::sigmoid>();
  tests::check_steepest<layer::sigmoid>(0);
}
