// SPDX-License-Identifier: Apache-2.0
// include the digits.hpp that digits wrote: the compiler checks the bound of these weights and classifies a digit
//
// Everything below is decided while compiling; the program only reports it, and runs the same engine once more.
#include <algorithm>
#include <array>
#include <cstdio>

#include "digits.hpp"

namespace {

constexpr auto engine = taut::compile(digits::parameters);

constexpr std::size_t label_of(const auto& outputs) {
  return static_cast<std::size_t>(std::ranges::max_element(outputs) - std::ranges::begin(outputs));
}

// What the type declares bounds these weights, and their own bound is proved from their values.
static_assert(taut::lipschitz<digits::Net> <= 16.0);
static_assert(taut::lipschitz_of(digits::parameters).value <= 16.0);

// An inference by the compiler finds the digit that the program which wrote the weights had found.
constexpr std::size_t predicted = label_of(engine(digits::test_inputs[0]));
static_assert(predicted == label_of(digits::test_outputs[0]));

}  // namespace

int main() {
  constexpr std::size_t samples = std::size(digits::test_inputs);
  float largest_difference = 0;
  std::size_t same_label = 0;
  for (std::size_t i = 0; i < samples; ++i) {
    const auto y = engine(digits::test_inputs[i]);
    for (std::size_t k = 0; k < y.size(); ++k)
      largest_difference = std::max(largest_difference, std::abs(y[k] - digits::test_outputs[i][k]));
    same_label += label_of(y) == label_of(digits::test_outputs[i]) ? 1 : 0;
  }
  const auto guard = taut::certifier(digits::parameters);
  const auto verdict = taut::certify(guard, digits::test_inputs[0]);
  std::printf("the compiler read a %zu; at run time: %zu, and it stays that within a distance of %.4f\n", predicted,
              verdict.label, verdict.radius);
  std::printf("RESULT samples=%zu same_label=%zu largest_difference=%.3g lipschitz=%.6f\n", samples, same_label,
              static_cast<double>(largest_difference), taut::lipschitz_of(digits::parameters).value);
  return same_label == samples && verdict.label == predicted ? 0 : 1;
}
