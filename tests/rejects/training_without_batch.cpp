// error: (type.value mismatch.*training|template argument for template type parameter must be a type)
// SPDX-License-Identifier: Apache-2.0
#include <taut/inference.hpp>
using namespace taut;

void train(parameters_of_layer<layer::batch_norm<>, shape{4}>& p, const float* x, float* y) {
  forward<layer::batch_norm<>, shape{4}>(training<32>{}, p, x, y);
}
