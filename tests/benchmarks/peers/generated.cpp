// SPDX-License-Identifier: Apache-2.0
// C that driver/generate.cpp writes for a small network, its weights constants that the compiler sees: as they are, and
// with normalizations whose offsets are 0.
#include <cmath>
#include <cstddef>

#include "benchmarks/peers/fixed.hpp"

namespace taut::benchmarks {
namespace {

#include BENCHMARK_GENERATED

template <void (*Network)(const float*, float*)> struct instance : fixed_network {
  explicit instance(const problem&) {}
  void one(const float* x, float* y) const { Network(x, y); }
  void many(const float* x, float* y) const {
    for (std::size_t s = 0; s < batch_size; ++s) Network(x + s * described.inputs(), y + s * described.outputs());
  }
};

bool open_generated(const problem& p, runner& r) {
  const bool zero = p.folded->offset != nullptr && *p.folded->offset == 0;
  return zero ? open<instance<network_zero_offset>>(p, r) : open<instance<network>>(p, r);
}

}  // namespace
}  // namespace taut::benchmarks

BENCHMARK_PEERS({"plain_generated", taut::benchmarks::kind::plain, taut::benchmarks::open_generated})
