// SPDX-License-Identifier: Apache-2.0
#include <taut/layers/relu.hpp>

#include "laws/laws.hpp"

namespace {

using namespace taut;

static_assert(Layer<layer::relu> && ReLU.name.view() == "ReLU");
static_assert(layer::relu::apply(-1.0) == 0 && layer::relu::apply(2.5f) == 2.5f && layer::relu::apply(0.0) == 0);
static_assert(layer::relu::derivative(0.0, 0.0) == 0 && layer::relu::derivative(1e-300, 1e-300) == 1);
static_assert(layer::relu::homogeneous && layer::relu::range.lower == 0 &&
              layer::relu::range.upper == rounded::infinity);
static_assert(layer::relu::lipschitz(shape{3}).value().upper == 1);

}  // namespace

namespace taut::tests {
void laws_of_relu() {
  tests::check_laws<layer::relu, shape{1}>({.tight = 0.999});
  tests::check_laws<layer::relu, shape{19}>({.tight = 0.99});
  tests::check_laws<layer::relu, shape{3, 5}>({.tight = 0.99});
}
}  // namespace taut::tests

TEST_CASE("layers.relu: infinity passes, its mirror image does not") {
  CHECK(layer::relu::apply(std::numeric_limits<float>::infinity()) == std::numeric_limits<float>::infinity());
  CHECK(layer::relu::apply(-std::numeric_limits<float>::infinity()) == 0);
}
