// SPDX-License-Identifier: Apache-2.0
// Eigen with fixed sizes: matrices by rows (eigen_rows) and by columns (eigen_columns). A batch is one matrix product.
#include <Eigen/Dense>
#include <cmath>
#include <cstddef>
#include <tuple>
#include <utility>

#include "benchmarks/peers/fixed.hpp"

namespace taut::benchmarks {
namespace {

constexpr int extent(std::size_t n) { return static_cast<int>(n); }

template <std::size_t I, int Order> struct layer {
  static constexpr block b = described.blocks[I];
  // Eigen wants column vectors by columns.
  Eigen::Matrix<float, extent(b.out), extent(b.in),
                b.in == 1    ? Eigen::ColMajor
                : b.out == 1 ? Eigen::RowMajor
                             : Order>
      weight;
  Eigen::Matrix<float, extent(b.out), 1> bias, gain, offset;

  void load(const block_weights& w) {
    using rows = Eigen::Matrix<float, extent(b.out), extent(b.in), b.in == 1 ? Eigen::ColMajor : Eigen::RowMajor>;
    weight = Eigen::Map<const rows>(w.weight);
    bias.setZero();
    gain.setOnes();
    offset.setZero();
    if (b.bias) bias = Eigen::Map<const decltype(bias)>(w.bias);
    if (b.normalizes() && b.affine) {
      gain = Eigen::Map<const decltype(bias)>(w.gain);
      offset = Eigen::Map<const decltype(bias)>(w.offset);
    }
  }

  template <int Samples, class X, class Y> [[gnu::always_inline]] void run(const X& x, Y& y) const {
    if constexpr (Samples == 1) {
      if constexpr (b.bias) {
        y = bias;
        y.noalias() += weight * x;
      } else {
        y.noalias() = weight * x;
      }
      if constexpr (b.normalizes()) {
        y.array() -= y.mean();
        const float variance = y.squaredNorm() * (1.0f / static_cast<float>(b.out));
        const float scale = 1 / std::sqrt(variance + static_cast<float>(epsilon));
        if constexpr (b.affine) y.array() = y.array() * scale * gain.array() + offset.array();
        else y *= scale;
      }
    } else {
      y.noalias() = weight * x;
      if constexpr (b.bias) y.colwise() += bias;
      if constexpr (b.normalizes()) {
        y.rowwise() -= y.colwise().mean().eval();
        const Eigen::Array<float, 1, Samples> variance =
            y.colwise().squaredNorm().array() * (1.0f / static_cast<float>(b.out));
        y.array().rowwise() *= (variance + static_cast<float>(epsilon)).rsqrt().eval();
        if constexpr (b.affine) y.array() = (y.array().colwise() * gain.array()).colwise() + offset.array();
      }
    }
    if constexpr (b.act == activation::relu) y = y.cwiseMax(0.0f);
    else if constexpr (b.act == activation::tanh) y.array() = y.array().tanh();
  }
};

template <int Order, class Indices> struct layers;
template <int Order, std::size_t... I> struct layers<Order, std::index_sequence<I...>> : layer<I, Order>... {};

template <int Order> struct instance : fixed_network {
  layers<Order, std::make_index_sequence<described.depth>> held;

  explicit instance(const problem& p) {
    for_each_block([&]<std::size_t I>() { layer_at<I>().load(p.folded[I]); });
  }
  void one(const float* x, float* y) const { run<1, 0>(from<1>(x), y); }
  void many(const float* x, float* y) const { run<extent(batch_size), 0>(from<extent(batch_size)>(x), y); }
  static bool accepts(const net& n) { return n.dense() && fixed_network::accepts(n); }

 private:
  template <std::size_t I> layer<I, Order>& layer_at() { return held; }
  template <std::size_t I> const layer<I, Order>& layer_at() const { return held; }

  template <int Samples> static auto from(const float* x) {
    return Eigen::Map<const Eigen::Matrix<float, extent(described.inputs()), Samples>>(x);
  }
  // Each activation is a matrix of its own size; the last is the caller's.
  template <int Samples, std::size_t I, class X> [[gnu::always_inline]] void run(const X& x, float* y) const {
    using output = Eigen::Matrix<float, extent(described.blocks[I].out), Samples>;
    if constexpr (I + 1 == described.depth) {
      Eigen::Map<output> last(y);
      layer_at<I>().template run<Samples>(x, last);
    } else {
      output next;
      layer_at<I>().template run<Samples>(x, next);
      run<Samples, I + 1>(next, y);
    }
  }
};

}  // namespace
}  // namespace taut::benchmarks

using namespace taut::benchmarks;
BENCHMARK_PEERS({"eigen_rows", kind::library, open<instance<Eigen::RowMajor>>},
                {"eigen_columns", kind::library, open<instance<Eigen::ColMajor>>})
