// SPDX-License-Identifier: Apache-2.0
#include <taut/layers/flatten.hpp>

#include "laws/laws.hpp"

namespace {

using namespace taut;

static_assert(Layer<layer::flatten> && Flatten.name.view() == "Flatten");
static_assert(layer::flatten::output(shape{3, 4, 5}) == shape{60} && layer::flatten::output(shape{7}) == shape{7});
static_assert(layer::flatten::homogeneous && layer::flatten::identity);
static_assert(layer::flatten::lipschitz(shape{3, 4}).value().upper == 1);

constexpr auto listed =
    evaluate(parameters<tests::net_of<shape{2, 1, 3}, layer::flatten>>{}, std::array<double, 6>{1, 2, 3, 4, 5, 6});
static_assert(listed == std::array<double, 6>{1, 2, 3, 4, 5, 6});  // C, then H, then W

}  // namespace

namespace taut::tests {
void laws_of_flatten() {
  tests::check_laws<layer::flatten, shape{1}>({.tight = 0.98});
  tests::check_laws<layer::flatten, shape{3, 7}>({.tight = 0.98});
  tests::check_laws<layer::flatten, shape{2, 3, 4}>({.tight = 0.98});
}
}  // namespace taut::tests
