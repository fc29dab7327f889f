// SPDX-License-Identifier: Apache-2.0
// LIBXSMM: a kernel generated for each product; normalization and activation as plain loops.
#include <libxsmm.h>

#include <cstddef>
#include <utility>
#include <vector>

#include "benchmarks/peers/finish.hpp"

namespace taut::benchmarks {
namespace {

struct instance : layer_by_layer {
  std::vector<std::vector<float>> weight;  // by columns
  std::vector<libxsmm_smmfunction> product[2];

  explicit instance(const problem& p) : layer_by_layer(p) {
    for (std::size_t l = 0; l < network->depth; ++l) {
      const block& b = network->blocks[l];
      std::vector<float> columns(b.weights());
      for (std::size_t i = 0; i < b.out; ++i)
        for (std::size_t j = 0; j < b.in; ++j) columns[j * b.out + i] = p.folded[l].weight[i * b.in + j];
      weight.push_back(std::move(columns));
      for (const bool batch : {false, true})
        product[batch].push_back(libxsmm_smmdispatch(static_cast<int>(b.out), batch ? batch_size : 1,
                                                     static_cast<int>(b.in), nullptr, nullptr, nullptr, nullptr,
                                                     nullptr, nullptr, nullptr));
    }
  }
  void one(const float* x, float* y) { run(x, y, 1); }
  void many(const float* x, float* y) { run(x, y, batch_size); }

 private:
  void run(const float* x, float* y, std::size_t samples) {
    layer_by_layer::run(x, y, samples, [&](std::size_t l, const float* from, float* to) {
      product[samples > 1][l](weight[l].data(), from, to);
    });
  }
};

}  // namespace
}  // namespace taut::benchmarks

BENCHMARK_PEERS({"libxsmm", taut::benchmarks::kind::library, taut::benchmarks::open<taut::benchmarks::instance>})
