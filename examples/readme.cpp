// SPDX-License-Identifier: Apache-2.0
// the code of README.md, compiled and run: load weights, prove what the type declares, certify one digit
#include <cstdio>
#include <filesystem>
#include <string>

// clang-format off
#include <taut/taut.hpp>
using namespace taut;

struct Digits : decltype(Input<64> >> Linear<32>(at_most<2.0>) >> LN(min_std<0.25>, gain_at_most<1.0>)
                                   >> ReLU >> Linear<10>(at_most<2.0>)) {};

auto classify(const std::string& file, const std::array<float, 64>& x) {
  const auto p = load_safetensors<Digits>(file);  // proves the declared norms of these weights
  const auto guard = certifier(p);                // fused kernels, and constants proved once
  return certify(guard, x);                       // output, label, radius, contract_holds
}

static_assert(memory<Digits>.weights <= 10 * 1024);  // bytes
static_assert(lipschitz<Digits> <= 16.0);            // proved by the compiler, rounded upward
// clang-format on

int main() {
  const std::string file = (std::filesystem::temp_directory_path() / "taut_readme.safetensors").string();
  parameters<Digits> p;
  initialise(p, 1);
  project(p);
  save_safetensors(p, file);
  std::array<float, 64> x{};
  for (std::size_t i = 0; i < 64; ++i) x[i] = static_cast<float>(i % 7) / 7;
  const auto verdict = classify(file, x);
  std::filesystem::remove(file);
  std::printf("RESULT label=%zu radius=%.4f contract_holds=%d\n", verdict.label, verdict.radius,
              verdict.contract_holds);
}
