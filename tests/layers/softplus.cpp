// SPDX-License-Identifier: Apache-2.0
#include <taut/layers/softplus.hpp>

#include "layers/pointwise.hpp"

namespace {

using namespace taut;

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr auto exact = [](auto x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); };
constexpr auto exact_slope = [](auto x) { return 1 / (1 + std::exp(-x)); };

static_assert(Layer<layer::softplus> && Softplus.name.view() == "Softplus");
static_assert(layer::softplus::apply(infinity) == infinity && layer::softplus::apply(-infinity) == 0);
static_assert(layer::softplus::apply(40.0) == 40.0 && layer::softplus::apply(20.0f) == 20.0f);
static_assert(layer::softplus::derivative(0.0, 0.7) == 0.5);
static_assert(!layer::softplus::homogeneous && layer::softplus::range.lower == 0);

}  // namespace

namespace taut::tests {
void laws_of_softplus() {
  tests::check_laws<layer::softplus, shape{1}>({.tight = 0.98});
  tests::check_laws<layer::softplus, shape{19}>({.tight = 0.4});
  tests::check_laws<layer::softplus, shape{2, 3, 3}>({.tight = 0.4});
}
}  // namespace taut::tests

TEST_CASE("layers.softplus: errors are as stated, in the left tail too") {
  CHECK(tests::apply_errors<layer::softplus>(-1e-9f, -86.9f, exact).ulp < 2);
  CHECK(tests::apply_errors<layer::softplus>(1e-9f, 1e30f, exact).ulp < 2);
  CHECK(tests::derivative_errors<layer::softplus>(-1e-9f, -86.8f, exact_slope).ulp < 2.5);
}

TEST_CASE("layers.softplus: double is exact to 1e-14") {
  constexpr auto constant = simd::tests::table([](auto x) { return layer::softplus::apply(x); }, 10.0);
  tests::check_double<layer::softplus>(constant, 10.0, exact);
}

TEST_CASE("layers.softplus: its derivative is its slope, and at 20, where PyTorch has a step, there is none") {
  for (double x = -12.03; x < 30; x += 0.1) {
    const double h = 1e-4, slope = (layer::softplus::apply(x + h) - layer::softplus::apply(x - h)) / (2 * h);
    CHECK(std::abs(layer::softplus::derivative(x, 0.0) - slope) < 1e-8);
  }
  for (const double apart : {1e-12, 1e-9, 1e-6}) {
    const double rise = layer::softplus::apply(20 + apart) - layer::softplus::apply(20.0);
    CHECK(rise >= 0);
    CHECK(rise <= apart + 4e-15);
  }
  for (float x = 20; x < 40; x += 0.37f) CHECK(layer::softplus::apply(x) == x);
}

TEST_CASE("layers.softplus: large inputs reach the constant 1") {
  CHECK(layer::softplus::apply(19.5) - layer::softplus::apply(15.5) >= 4 * (1 - 1e-7));
}
