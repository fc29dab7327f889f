// SPDX-License-Identifier: Apache-2.0
#include <taut/layers/mish.hpp>

#include "layers/pointwise.hpp"

namespace {

using namespace taut;

constexpr float infinity = std::numeric_limits<float>::infinity();
// tanh(ln(1 + e^x)), without cancellation
constexpr auto gate = [](auto x) {
  const auto t = std::exp(-std::abs(x)), below = t * (t + 2), above = 1 + 2 * t;
  return x < 0 ? below / (below + 2) : above / (above + 2 * t * t);
};
constexpr auto exact = [](auto x) { return x * gate(x); };
constexpr auto exact_slope = [](auto x) {
  const auto w = gate(x), t = std::exp(-std::abs(x));
  return w + x * (1 - w) * (1 + w) * (x < 0 ? t : 1) / (1 + t);
};

static_assert(Layer<layer::mish> && Mish.name.view() == "Mish");
static_assert(layer::mish::apply(0.0f) == 0 && layer::mish::apply(infinity) == infinity);
static_assert(layer::mish::apply(-infinity) == 0 && layer::mish::apply(-1e9) == 0 && layer::mish::apply(1e9) == 1e9);
static_assert(layer::mish::derivative(0.0, 0.0) == 0.6 && layer::mish::derivative(infinity, infinity) == 1 &&
              layer::mish::derivative(-infinity, 0.0f) == 0);
static_assert(!layer::mish::homogeneous && layer::mish::range.upper == rounded::infinity);

}  // namespace

namespace taut::tests {
void laws_of_mish() {
  tests::check_laws<layer::mish, shape{1}>({.tight = 0.98});
  tests::check_laws<layer::mish, shape{19}>({.tight = 0.4});
  tests::check_laws<layer::mish, shape{2, 3, 3}>({.tight = 0.4});
}
}  // namespace taut::tests

TEST_CASE("layers.mish: errors are as stated, in the left tail too") {
  CHECK(tests::apply_errors<layer::mish>(-1e-30f, -86.9f, exact).ulp < 5);
  CHECK(tests::apply_errors<layer::mish>(1e-30f, 1e30f, exact).ulp < 5);
  CHECK(tests::derivative_errors<layer::mish>(-2.0f, -86.8f, exact_slope).ulp < 10);
  CHECK(tests::derivative_errors<layer::mish>(-1e-9f, -2.0f, exact_slope).absolute < 3e-7);
  CHECK(tests::derivative_errors<layer::mish>(1e-9f, 1e30f, exact_slope).absolute < 3e-7);
}

TEST_CASE("layers.mish: double is exact to 1e-14") {
  constexpr auto constant = simd::tests::table([](auto x) { return layer::mish::apply(x); }, 10.0);
  tests::check_double<layer::mish>(constant, 10.0, exact);
}

TEST_CASE(
    "layers.mish: its derivative is its slope, its steepest point and its minimum are where they are said to be") {
  tests::check_derivative<layer::mish>();
  tests::check_steepest<layer::mish>(1.49057117948542845929);
  CHECK(layer::mish::apply(-1.19243121451549521213) == Approx(-0.30884341301725040662).epsilon(1e-14));
}
