// SPDX-License-Identifier: Apache-2.0
#include <taut/layers/tanh.hpp>

#include "laws/laws.hpp"

namespace {

using namespace taut;

static_assert(Layer<layer::tanh> && Tanh.name.view() == "Tanh");
static_assert(layer::tanh::apply(0.0) == 0 && layer::tanh::apply(100.0f) == 1 && layer::tanh::apply(-100.0) == -1);
static_assert(layer::tanh::derivative(0.0, 0.0) == 1 && layer::tanh::derivative(50.0, 1.0) == 0);
static_assert(!layer::tanh::homogeneous && layer::tanh::range.lower == -1 && layer::tanh::range.upper == 1);

}  // namespace

namespace taut::tests {
void laws_of_tanh() {
  tests::check_laws<layer::tanh, shape{1}>({.tight = 0.98});
  tests::check_laws<layer::tanh, shape{18}>({.tight = 0.4});
  tests::check_laws<layer::tanh, shape{2, 2, 3}>({.tight = 0.4});
}
}  // namespace taut::tests

TEST_CASE("layers.tanh: its derivative is 1 - y^2") {
  for (const double x : {-3.0, -0.5, 0.0, 1e-9, 0.25, 2.0}) {
    const double y = layer::tanh::apply(x), h = 1e-5;
    const double slope = (layer::tanh::apply(x + h) - layer::tanh::apply(x - h)) / (2 * h);
    CHECK(std::abs(layer::tanh::derivative(x, y) - slope) < 1e-9);
  }
}
