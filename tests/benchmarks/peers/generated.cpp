// SPDX-License-Identifier: Apache-2.0
// C that driver/generate.cpp writes for a small network, its weights constants that the compiler sees.
#include <cmath>
#include <cstddef>

#include "benchmarks/peers/fixed.hpp"

namespace taut::benchmarks {
namespace {

#include BENCHMARK_GENERATED

struct instance : fixed_network {
  explicit instance(const problem&) {}
  void one(const float* x, float* y) const { network(x, y); }
  void many(const float* x, float* y) const {
    for (std::size_t s = 0; s < batch_size; ++s) network(x + s * described.inputs(), y + s * described.outputs());
  }
};

}  // namespace
}  // namespace taut::benchmarks

BENCHMARK_PEERS({"plain_generated", taut::benchmarks::kind::plain, taut::benchmarks::open<taut::benchmarks::instance>})
