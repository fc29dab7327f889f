// SPDX-License-Identifier: Apache-2.0
// What a peer and the driver say to each other. A peer is a shared library, so that two compilers' code meets in one run
// without sharing inline functions; it exports one C function, which lists what it can run.
//
//   BENCHMARK_PEERS(peer{"eigen_rows", kind::library, open<eigen_instance<0>>})
#pragma once
#include <cstddef>
#include <new>

#include "benchmarks/net.hpp"

namespace taut::benchmarks {

/// Samples of a batch: inputs [64][inputs], outputs [64][outputs].
inline constexpr std::size_t batch_size = 64;
/// Of every normalization.
inline constexpr double epsilon = 1e-5;

/// Parameters of a block, row-major, [out][in][kernel]. What the block has not is null.
struct block_weights {
  const float *weight = nullptr, *bias = nullptr, *gain = nullptr, *offset = nullptr;
  const float *mean = nullptr, *variance = nullptr;  ///< running statistics of a batch normalization
};

/// What a peer is given: a network and its weights. In `folded`, batch normalizations are part of weight and bias.
struct problem {
  const net* network = nullptr;
  const block_weights *raw = nullptr, *folded = nullptr;
};

/// A network ready to run: one sample, or a batch. `many` may be null.
struct runner {
  void* self = nullptr;
  void (*one)(void* self, const float* x, float* y) = nullptr;
  void (*many)(void* self, const float* x, float* y) = nullptr;
  void (*close)(void* self) = nullptr;
};

enum class kind { ours, library, plain, other };

/// A way to run networks. `open` answers whether it can run this one.
struct peer {
  const char* name = nullptr;
  kind what = kind::other;
  bool (*open)(const problem&, runner&) = nullptr;
  const char* compiler_version = __VERSION__;
};

/// `open` of a peer that is a class: made from a problem, with one(x, y), perhaps many(x, y), and perhaps a static
/// accepts(network).
template <class Instance> bool open(const problem& p, runner& r) {
  if constexpr (requires { Instance::accepts(*p.network); }) {
    if (!Instance::accepts(*p.network)) return false;
  }
  r.self = new Instance(p);
  if constexpr (requires(Instance& i) { i.one(nullptr, nullptr); })
    r.one = [](void* self, const float* x, float* y) { static_cast<Instance*>(self)->one(x, y); };
  if constexpr (requires(Instance& i) { i.many(nullptr, nullptr); })
    r.many = [](void* self, const float* x, float* y) { static_cast<Instance*>(self)->many(x, y); };
  r.close = [](void* self) { delete static_cast<Instance*>(self); };
  return true;
}

}  // namespace taut::benchmarks

/// Defines the function that the driver looks for.
#define BENCHMARK_PEERS(...)                                                                            \
  extern "C" __attribute__((visibility("default"))) const taut::benchmarks::peer* taut_benchmark_peers( \
      std::size_t* count) {                                                                             \
    static constexpr taut::benchmarks::peer peers[] = {__VA_ARGS__};                                    \
    *count = sizeof(peers) / sizeof(peers[0]);                                                          \
    return peers;                                                                                       \
  }
