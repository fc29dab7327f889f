// SPDX-License-Identifier: Apache-2.0
#include <taut/layers/leaky_relu.hpp>

#include "laws/laws.hpp"

namespace {

using namespace taut;

constexpr float infinity = std::numeric_limits<float>::infinity();
using standard = layer::leaky_relu<0.01>;

static_assert(Layer<standard> && LeakyReLU<>.name.view() == "LeakyReLU");
static_assert(std::same_as<decltype(LeakyReLU<>), const standard>);
static_assert(standard::apply(2.5f) == 2.5f && standard::apply(-2.0) == -0.02 && standard::apply(-2.0f) == -0.02f);
static_assert(layer::leaky_relu<0.25>::apply(-2.0f) == -0.5f && layer::leaky_relu<3.0>::apply(-2.0) == -6);
static_assert(standard::apply(infinity) == infinity && standard::apply(-infinity) == -infinity);
static_assert(layer::leaky_relu<0.0>::apply(-infinity) == 0 && layer::leaky_relu<0.0>::apply(infinity) == infinity);
static_assert(standard::derivative(1e-300, 0.0) == 1 && standard::derivative(0.0, 0.0) == 0.01);
static_assert(standard::homogeneous && standard::range.lower == -rounded::infinity);
static_assert(layer::leaky_relu<0.0>::range.lower == 0);
static_assert(standard::lipschitz(shape{3}).value().upper == 1);
static_assert(layer::leaky_relu<3.0>::lipschitz(shape{3}).value().upper == 3);
static_assert(layer::leaky_relu<1.1>::lipschitz(shape{3}).value().upper == 1.1f);  // the float is the larger one
static_assert(layer::leaky_relu<1.7>::lipschitz(shape{3}).value().upper == (1.7f > 1.7 ? 1.7f : 1.7));

}  // namespace

namespace taut::tests {
void laws_of_leaky_relu() {
  tests::check_laws<standard, shape{1}>({.tight = 0.999});
  tests::check_laws<layer::leaky_relu<0.2>, shape{19}>({.tight = 0.98});
  tests::check_laws<layer::leaky_relu<0.0>, shape{3, 5}>({.tight = 0.98});
  tests::check_laws<layer::leaky_relu<1.0>, shape{2, 2, 2}>({.tight = 0.98});
  tests::check_laws<layer::leaky_relu<1.3>, shape{5}>({.tight = 0.98});
}
}  // namespace taut::tests
