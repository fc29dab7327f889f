// SPDX-License-Identifier: Apache-2.0
// RTNeural: its dense layers of fixed size, on the back end that the build chooses (RTNEURAL_USE_EIGEN or _STL). It has no
// layer normalization and no batches: plain loops, one sample at a time.
#include <RTNeural/RTNeural.h>

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "benchmarks/peers/finish.hpp"
#include "benchmarks/peers/fixed.hpp"

namespace taut::benchmarks {
namespace {

template <std::size_t I> struct layer {
  static constexpr block b = described.blocks[I];
  RTNeural::DenseT<float, static_cast<int>(b.in), static_cast<int>(b.out)> dense;
  std::vector<float> gain, offset;

  void load(const block_weights& w) {
    std::vector<std::vector<float>> rows;
    for (std::size_t i = 0; i < b.out; ++i) rows.emplace_back(w.weight + i * b.in, w.weight + (i + 1) * b.in);
    dense.setWeights(rows);
    std::vector<float> bias(b.out, 0.0f);
    if (b.bias) std::copy_n(w.bias, b.out, bias.data());
    dense.setBias(bias.data());
    if (!b.normalizes() || !b.affine) return;
    gain.assign(w.gain, w.gain + b.out);
    offset.assign(w.offset, w.offset + b.out);
  }
  const float* run(const float* x) {
    float* y;
#if defined(RTNEURAL_USE_EIGEN)
    dense.forward(Eigen::Map<const Eigen::Matrix<float, static_cast<int>(b.in), 1>>(x));
    y = dense.outs.data();
#else
    dense.forward(reinterpret_cast<const float(&)[b.in]>(*x));
    y = dense.outs;
#endif
    block_weights w;
    w.gain = gain.data();
    w.offset = offset.data();
    finish_rows(b, w, 1, y);
    return y;
  }
};

template <class Indices> struct layers;
template <std::size_t... I> struct layers<std::index_sequence<I...>> : layer<I>... {};

struct instance : fixed_network {
  layers<std::make_index_sequence<described.depth>> held;

  explicit instance(const problem& p) {
    for_each_block([&]<std::size_t I>() { static_cast<layer<I>&>(held).load(p.folded[I]); });
  }
  void one(const float* x, float* y) {
    for_each_block([&]<std::size_t I>() __attribute__((always_inline)) { x = static_cast<layer<I>&>(held).run(x); });
    std::copy_n(x, described.outputs(), y);
  }
  void many(const float* x, float* y) {
    for (std::size_t s = 0; s < batch_size; ++s) one(x + s * described.inputs(), y + s * described.outputs());
  }
};

}  // namespace
}  // namespace taut::benchmarks

BENCHMARK_PEERS({RTNEURAL_NAME, taut::benchmarks::kind::other, taut::benchmarks::open<taut::benchmarks::instance>})
