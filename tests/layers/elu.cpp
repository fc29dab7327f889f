// SPDX-License-Identifier: Apache-2.0
#include <taut/layers/elu.hpp>

#include "layers/pointwise.hpp"

namespace {

using namespace taut;

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr auto exact = [](auto x) { return x > 0 ? x : std::expm1(x); };
constexpr auto exact_slope = [](auto x) { return x > 0 ? 1 : std::exp(x); };

static_assert(Layer<layer::elu> && ELU.name.view() == "ELU");
static_assert(layer::elu::apply(2.5f) == 2.5f && layer::elu::apply(0.0) == 0 && layer::elu::apply(-1e-30f) == -1e-30f);
static_assert(layer::elu::apply(infinity) == infinity && layer::elu::apply(-infinity) == -1);
static_assert(layer::elu::derivative(3.0, 3.0) == 1 && layer::elu::derivative(-1000.0, -1.0) == 0);
static_assert(!layer::elu::homogeneous && layer::elu::range.lower == -1);

}  // namespace

namespace taut::tests {
void laws_of_elu() {
  tests::check_laws<layer::elu, shape{1}>({.tight = 0.99});
  tests::check_laws<layer::elu, shape{19}>({.tight = 0.9});
  tests::check_laws<layer::elu, shape{2, 3, 3}>({.tight = 0.9});
}
}  // namespace taut::tests

TEST_CASE("layers.elu: errors are as stated, in the tail of the derivative too") {
  CHECK(tests::apply_errors<layer::elu>(-1e-37f, -1e30f, exact).ulp < 1.1);
  CHECK(tests::apply_errors<layer::elu>(1e-37f, 1e30f, exact).ulp == 0);
  CHECK(tests::derivative_errors<layer::elu>(-1e-9f, -86.8f, exact_slope).ulp < 1.3);
}

TEST_CASE("layers.elu: double is exact to 1e-14") {
  constexpr auto constant = simd::tests::table([](auto x) { return layer::elu::apply(x); }, 10.0);
  tests::check_double<layer::elu>(constant, 10.0, exact);
}

TEST_CASE("layers.elu: its derivative is its slope") { tests::check_derivative<layer::elu>(); }
