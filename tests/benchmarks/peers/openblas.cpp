// SPDX-License-Identifier: Apache-2.0
// OpenBLAS: sgemv for one sample, sgemm for a batch; normalization and activation as plain loops.
#include <cblas.h>

#include <cstddef>
#include <vector>

#include "benchmarks/peers/finish.hpp"

namespace taut::benchmarks {
namespace {

struct instance : layer_by_layer {
  std::vector<std::vector<float>> weight;

  explicit instance(const problem& p) : layer_by_layer(p) {
    for (std::size_t l = 0; l < network->depth; ++l)
      weight.emplace_back(p.folded[l].weight, p.folded[l].weight + network->blocks[l].weights());
  }
  void one(const float* x, float* y) { run(x, y, 1); }
  void many(const float* x, float* y) { run(x, y, batch_size); }

 private:
  void run(const float* x, float* y, std::size_t samples) {
    layer_by_layer::run(x, y, samples, [&](std::size_t l, const float* from, float* to) {
      const block& b = network->blocks[l];
      const int in = static_cast<int>(b.in), out = static_cast<int>(b.out), rows = static_cast<int>(samples);
      if (samples == 1)
        cblas_sgemv(CblasRowMajor, CblasNoTrans, out, in, 1.0f, weight[l].data(), in, from, 1, 1.0f, to, 1);
      else
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, out, in, 1.0f, from, in, weight[l].data(), in, 1.0f,
                    to, out);
    });
  }
};

}  // namespace
}  // namespace taut::benchmarks

BENCHMARK_PEERS({"openblas", taut::benchmarks::kind::library, taut::benchmarks::open<taut::benchmarks::instance>})
