// SPDX-License-Identifier: Apache-2.0
// main LANES: infers with whatever level the start has chosen; its lanes must be so wide, or, for "best", the widest that
// the processor has.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "model.hpp"

namespace {

std::size_t best() {
  if (__builtin_cpu_supports("x86-64-v4")) return 16;
  return __builtin_cpu_supports("x86-64-v3") ? 8 : 4;
}
const std::size_t lanes_before_main = lanes();  // static objects of the program may call, too

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) return 2;
  const std::size_t asked = std::strcmp(arguments[1], "best") == 0 ? best() : std::strtoul(arguments[1], nullptr, 10);
  const std::size_t expected = asked < best() ? asked : best();
  std::printf("%zu floats in a lane, expected %zu\n", lanes(), expected);
  if (lanes() != expected || lanes_before_main != expected) return 1;
  double worst = 0;
  for (int round = 0; round < 10; ++round) {
    std::vector<float> x(20);
    for (std::size_t i = 0; i < x.size(); ++i)
      x[i] = static_cast<float>(std::sin(static_cast<double>(i) + 7.0 * round));
    const auto y = infer(x);
    const auto truth = reference(x);
    for (std::size_t i = 0; i < y.size(); ++i)
      worst = std::fmax(worst, std::fabs(static_cast<double>(y[i]) - truth[i]));
  }
  std::printf("largest difference to the reference: %.2g\n", worst);
  bool caught = false;
  try {
    static_cast<void>(total({}));
  } catch (const nothing_to_add&) { caught = true; }
  const std::vector<double> numbers{1, 2, 4};
  return worst > 0 && worst < 2e-6 && total(numbers) == 7 && caught ? 0 : 1;
}
