// SPDX-License-Identifier: Apache-2.0
// include the pruned.hpp that pruning wrote: a type with widths that its gains have chosen, and what it computes
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "pruned.hpp"

// Smaller than the network that was trained, 64 -> 64 -> 32 -> 10, whose input and output it keeps.
static_assert(pruned::Net::parameter_count < 6762);
static_assert(pruned::Net::input_size == 64 && pruned::Net::output_size == 10);

int main() {
  constexpr std::size_t samples = std::size(pruned::test_inputs), outputs = pruned::Net::output_size;
  const auto engine = taut::compile(pruned::parameters);
  double largest =
      0;  // difference from the network with zeros in place of what is gone, as a share of the largest output
  for (std::size_t i = 0; i < samples; ++i) {
    const auto y = engine(pruned::test_inputs[i]);
    double difference = 0, size = 0;
    for (std::size_t k = 0; k < outputs; ++k) {
      const auto wanted = static_cast<double>(pruned::test_outputs[i][k]);
      difference = std::max(difference, std::abs(static_cast<double>(y[k]) - wanted));
      size = std::max(size, std::abs(wanted));
    }
    largest = std::max(largest, difference / size);
  }
  const double bound = taut::lipschitz_of(pruned::parameters).value;
  std::printf("%zu -> %zu -> %zu -> %zu\n", pruned::Net::input_size, pruned::Net::shapes[1].size(),
              pruned::Net::shapes[4].size(), outputs);
  std::printf("RESULT samples=%zu parameters=%zu difference=%.3g lipschitz=%.6f\n", samples,
              pruned::Net::parameter_count, largest, bound);
  return largest < 1e-6 && bound <= pruned::lipschitz ? 0 : 1;
}
