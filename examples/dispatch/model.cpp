// SPDX-License-Identifier: Apache-2.0
// Compiled once for each level, by taut_dispatch in examples/CMakeLists.txt. What is built at run time is a static of a
// function: an object of namespace scope would be initialised for every level, whatever the processor has.
#include "model.hpp"

#include <taut/inference.hpp>

namespace {

using namespace taut;
struct Model : decltype(Input<64> >> Linear<32> >> LN >> ReLU >> Linear<10>) {};

engine<Model> made() {
  parameters<Model> p;
  initialise(p, 1);
  return compile(p);
}

}  // namespace

std::array<float, 10> classify(std::span<const float> x) {
  static const engine<Model> engine = made();
  return engine(x);
}

std::size_t floats_in_a_register() { return simd::width<simd::native>; }
