// SPDX-License-Identifier: Apache-2.0
// generate NET: the network as C with its weights as constants, as generators of C from trained networks write it:
// `network`, and `network_zero_offset` with normalizations whose offsets are 0.
#include <cstdio>
#include <stdexcept>
#include <string>

#include "benchmarks/data.hpp"

namespace taut::benchmarks {
namespace {

void print_array(const char* name, std::size_t layer, const float* values, std::size_t count) {
  std::printf("static const float %s_%zu[%zu] = {", name, layer, count);
  for (std::size_t i = 0; i < count; ++i)
    std::printf("%s%af", i == 0 ? "" : i % 8 == 0 ? ",\n    " : ", ", static_cast<double>(values[i]));
  std::printf("};\n");
}

void print_layer(const block& b, std::size_t l, const std::string& from, const std::string& to) {
  const char* const after = b.act == activation::relu ? "t > 0 ? t : 0" : b.act == activation::tanh ? "tanhf(t)" : "t";
  std::printf("  for (int i = 0; i < %zu; ++i) {\n    float sum = %s;\n", b.out,
              b.bias ? ("bias_" + std::to_string(l) + "[i]").c_str() : "0");
  std::printf("    for (int j = 0; j < %zu; ++j) sum += weight_%zu[i * %zu + j] * %s[j];\n", b.in, l, b.in,
              from.c_str());
  if (!b.normalizes()) {
    std::printf("    const float t = sum;\n    %s[i] = %s;\n  }\n", to.c_str(), after);
    return;
  }
  std::printf("    %s[i] = sum;\n  }\n  float mean_%zu = 0, variance_%zu = 0;\n", to.c_str(), l, l);
  std::printf("  for (int i = 0; i < %zu; ++i) mean_%zu += %s[i];\n  mean_%zu /= %zu;\n", b.out, l, to.c_str(), l,
              b.out);
  std::printf("  for (int i = 0; i < %zu; ++i) variance_%zu += (%s[i] - mean_%zu) * (%s[i] - mean_%zu);\n", b.out, l,
              to.c_str(), l, to.c_str(), l);
  std::printf("  const float scale_%zu = 1 / sqrtf(variance_%zu / %zu + %af);\n", l, l, b.out, epsilon);
  std::printf("  for (int i = 0; i < %zu; ++i) {\n    const float t = (%s[i] - mean_%zu) * scale_%zu", b.out,
              to.c_str(), l, l);
  if (b.affine) std::printf(" * gain_%zu[i] + offset_%zu[i]", l, l);
  std::printf(";\n    %s[i] = %s;\n  }\n", to.c_str(), after);
}

void print(const net& n, offsets what, const std::string& name) {
  if (!n.dense()) throw std::runtime_error("dense networks only");
  const random_weights made(n, what, weight_seed);
  const problem p = made.given();
  std::printf("namespace constants_of_%s {\n", name.c_str());
  for (std::size_t l = 0; l < n.depth; ++l) {
    const block& b = n.blocks[l];
    const block_weights& w = p.folded[l];
    print_array("weight", l, w.weight, b.weights());
    if (b.bias) print_array("bias", l, w.bias, b.out);
    if (!b.normalizes() || !b.affine) continue;
    print_array("gain", l, w.gain, b.out);
    print_array("offset", l, w.offset, b.out);
  }
  std::printf("}\nstatic inline void %s(const float* x, float* y) {\n  using namespace constants_of_%s;\n",
              name.c_str(), name.c_str());
  std::string from = "x";
  for (std::size_t l = 0; l < n.depth; ++l) {
    const std::string to = l + 1 == n.depth ? "y" : "t_" + std::to_string(l);
    if (l + 1 < n.depth) std::printf("  float %s[%zu];\n", to.c_str(), n.blocks[l].out);
    print_layer(n.blocks[l], l, from, to);
    from = to;
  }
  std::printf("}\n");
}

}  // namespace
}  // namespace taut::benchmarks

int main(int argument_count, char** arguments) {
  if (argument_count != 2) {
    std::fputs("generate NET\n", stderr);
    return 2;
  }
  try {
    using namespace taut::benchmarks;
    const net& n = nets[number_of(arguments[1])];
    print(n, offsets::random, "network");
    print(n, offsets::zero, "network_zero_offset");
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s: %s\n", arguments[1], e.what());
    return 1;
  }
}
