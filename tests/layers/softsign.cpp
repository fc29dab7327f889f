// SPDX-License-Identifier: Apache-2.0
#include <taut/layers/softsign.hpp>

#include "layers/pointwise.hpp"

namespace {

using namespace taut;

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr auto exact = [](auto x) { return x / (1 + std::abs(x)); };

static_assert(Layer<layer::softsign> && Softsign.name.view() == "Softsign");
static_assert(layer::softsign::apply(1.0) == 0.5 && layer::softsign::apply(-3.0f) == -0.75f);
static_assert(layer::softsign::apply(infinity) == 1 && layer::softsign::apply(-infinity) == -1);
static_assert(layer::softsign::derivative(1.0, 0.5) == 0.25 && layer::softsign::derivative(infinity, 1.0f) == 0);

}  // namespace

namespace taut::tests {
void laws_of_softsign() {
  tests::check_laws<layer::softsign, shape{1}>({.tight = 0.98});
  tests::check_laws<layer::softsign, shape{19}>({.tight = 0.2});
  tests::check_laws<layer::softsign, shape{2, 3, 3}>({.tight = 0.2});
}
}  // namespace taut::tests

TEST_CASE("layers.softsign: errors are as stated") {
  CHECK(tests::apply_errors<layer::softsign>(-1e-30f, -1e30f, exact).ulp < 1.5);
  CHECK(tests::apply_errors<layer::softsign>(1e-30f, 1e30f, exact).ulp < 1.5);
}

TEST_CASE("layers.softsign: its derivative is its slope, its steepest point is 0") {
  for (double x = -8.03; x < 8; x += 0.1) {
    const double h = 1e-5, slope = (layer::softsign::apply(x + h) - layer::softsign::apply(x - h)) / (2 * h);
    CHECK(std::abs(layer::softsign::derivative(x, 0.0) - slope) < 1e-9);
  }
  CHECK(layer::softsign::apply(1e-9) / 1e-9 > 1 - 1e-8);
}
