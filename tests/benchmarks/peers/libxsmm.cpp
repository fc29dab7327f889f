// SPDX-License-Identifier: Apache-2.0
// LIBXSMM: a kernel generated for each product; normalization and activation as plain loops.
#include <libxsmm.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

#include "benchmarks/peers/finish.hpp"

namespace taut::benchmarks {
namespace {

struct instance {
  const net* network;
  std::vector<std::vector<float>> weight, bias;  // by columns
  std::vector<block_weights> others;
  std::vector<libxsmm_smmfunction> product[2];
  std::array<std::vector<float>, 2> buffer;

  explicit instance(const problem& p) : network(p.network) {
    for (std::size_t l = 0; l < network->depth; ++l) {
      const block& b = network->blocks[l];
      std::vector<float> columns(b.weights());
      for (std::size_t i = 0; i < b.out; ++i)
        for (std::size_t j = 0; j < b.in; ++j) columns[j * b.out + i] = p.folded[l].weight[i * b.in + j];
      weight.push_back(std::move(columns));
      if (b.bias) bias.emplace_back(p.folded[l].bias, p.folded[l].bias + b.out);
      else bias.emplace_back(b.out, 0.0f);
      others.push_back(p.folded[l]);
      for (const bool batch : {false, true})
        product[batch].push_back(libxsmm_smmdispatch(static_cast<int>(b.out), batch ? batch_size : 1,
                                                     static_cast<int>(b.in), nullptr, nullptr, nullptr, nullptr,
                                                     nullptr, nullptr, nullptr));
    }
    for (auto& buf : buffer) buf.resize(batch_size * network->widest());
  }
  void one(const float* x, float* y) { run(x, y, 1); }
  void many(const float* x, float* y) { run(x, y, batch_size); }
  static bool accepts(const net& n) { return n.dense(); }

 private:
  void run(const float* x, float* y, std::size_t samples) {
    for (std::size_t l = 0; l < network->depth; ++l) {
      const block& b = network->blocks[l];
      float* const to = l + 1 == network->depth ? y : buffer[l % 2].data();
      for (std::size_t s = 0; s < samples; ++s) std::copy_n(bias[l].data(), b.out, to + s * b.out);
      product[samples > 1][l](weight[l].data(), x, to);  // adds to what is there
      finish_rows(b, others[l], samples, to);
      x = to;
    }
  }
};

}  // namespace
}  // namespace taut::benchmarks

BENCHMARK_PEERS({"libxsmm", taut::benchmarks::kind::library, taut::benchmarks::open<taut::benchmarks::instance>})
