// SPDX-License-Identifier: Apache-2.0
// OpenBLAS: sgemv for one sample, sgemm for a batch; normalization and activation as plain loops.
#include <cblas.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

#include "benchmarks/peers/finish.hpp"

namespace taut::benchmarks {
namespace {

struct instance {
  const net* network;
  std::vector<std::vector<float>> weight, bias;
  std::vector<block_weights> others;
  std::array<std::vector<float>, 2> buffer;

  explicit instance(const problem& p) : network(p.network) {
    for (std::size_t l = 0; l < network->depth; ++l) {
      const block& b = network->blocks[l];
      weight.emplace_back(p.folded[l].weight, p.folded[l].weight + b.weights());
      if (b.bias) bias.emplace_back(p.folded[l].bias, p.folded[l].bias + b.out);
      else bias.emplace_back(b.out, 0.0f);
      others.push_back(p.folded[l]);
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
      const int in = static_cast<int>(b.in), out = static_cast<int>(b.out), rows = static_cast<int>(samples);
      float* const to = l + 1 == network->depth ? y : buffer[l % 2].data();
      for (std::size_t s = 0; s < samples; ++s) std::copy_n(bias[l].data(), b.out, to + s * b.out);
      if (samples == 1)
        cblas_sgemv(CblasRowMajor, CblasNoTrans, out, in, 1.0f, weight[l].data(), in, x, 1, 1.0f, to, 1);
      else
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, out, in, 1.0f, x, in, weight[l].data(), in, 1.0f, to,
                    out);
      finish_rows(b, others[l], samples, to);
      x = to;
    }
  }
};

}  // namespace
}  // namespace taut::benchmarks

BENCHMARK_PEERS({"openblas", taut::benchmarks::kind::library, taut::benchmarks::open<taut::benchmarks::instance>})
