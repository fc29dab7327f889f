// SPDX-License-Identifier: Apache-2.0
// XNNPACK: its operators for affine maps, relu, sigmoid and averages, on signals [position][channel]. It has no layer
// normalization, which is a plain loop, and no tanh for floats: tanh(z) = 2 sigmoid(2 z) - 1 goes into the weights.
#include <xnnpack.h>

#include <array>
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <vector>

#include "benchmarks/peers/finish.hpp"

namespace taut::benchmarks {
namespace {

constexpr float infinity = std::numeric_limits<float>::max();

void check(xnn_status status) {
  if (status != xnn_status_success) throw std::runtime_error("XNNPACK refuses");
}

struct stage {
  xnn_operator_t affine = nullptr, sigmoid = nullptr;
};

// The operators of a network for so many samples; they hold on to pointers, so each size has its own.
struct pipeline {
  const net* network;
  std::size_t samples;
  std::vector<stage> stages;
  std::array<std::vector<float>, 2> buffer;

  pipeline(const problem& p, std::size_t count) : network(p.network), samples(count) {
    for (auto& buf : buffer) buf.resize(samples * network->widest() + 16);
    bool after_tanh = false;
    for (std::size_t l = 0; l < network->depth; ++l) {
      const block& b = network->blocks[l];
      const std::size_t columns = b.in * b.kernel;
      std::vector<float> weight(b.weights()), bias(b.out);
      for (std::size_t i = 0; i < b.out; ++i) {
        if (b.bias) bias[i] = p.folded[l].bias[i];
        for (std::size_t j = 0; j < b.in; ++j)
          for (std::size_t k = 0; k < b.kernel; ++k)
            weight[i * columns + k * b.in + j] = p.folded[l].weight[(i * b.in + j) * b.kernel + k];
        for (std::size_t j = 0; after_tanh && j < columns; ++j) {
          bias[i] -= weight[i * columns + j];
          weight[i * columns + j] *= 2;
        }
      }
      after_tanh = b.act == activation::tanh;
      if (after_tanh) {
        for (float& v : weight) v *= 2;
        for (float& v : bias) v *= 2;
      }
      stage made;
      const float least = b.act == activation::relu && !b.normalizes() ? 0 : -infinity;
      if (b.dense())
        check(xnn_create_fully_connected_nc_f32(b.in, b.out, b.in, b.out, weight.data(), bias.data(), least, infinity,
                                                0, &made.affine));
      else
        check(xnn_create_convolution2d_nhwc_f32(0, static_cast<uint32_t>(b.padding), 0,
                                                static_cast<uint32_t>(b.padding), 1, static_cast<uint32_t>(b.kernel), 1,
                                                static_cast<uint32_t>(b.stride), 1, 1, 1, b.in, b.out, b.in, b.out,
                                                weight.data(), bias.data(), least, infinity, 0, &made.affine));
      if (after_tanh) check(xnn_create_sigmoid_nc_f32(b.out, b.out, b.out, 0, &made.sigmoid));
      stages.push_back(made);
    }
  }
  ~pipeline() {
    for (const stage& s : stages) {
      xnn_delete_operator(s.affine);
      if (s.sigmoid != nullptr) xnn_delete_operator(s.sigmoid);
    }
  }
  pipeline(const pipeline&) = delete;

  void run(const block_weights* weights, const float* x, float* y) {
    if (!network->dense()) {
      const block& b = network->blocks[0];
      for (std::size_t s = 0; s < samples; ++s)
        for (std::size_t l = 0; l < b.length; ++l)
          for (std::size_t j = 0; j < b.in; ++j)
            buffer[1][s * b.inputs() + l * b.in + j] = x[s * b.inputs() + j * b.length + l];
      x = buffer[1].data();
    }
    for (std::size_t l = 0; l < network->depth; ++l) {
      const block& b = network->blocks[l];
      float* const to = l + 1 == network->depth ? y : buffer[l % 2].data();
      if (b.dense()) xnn_setup_fully_connected_nc_f32(stages[l].affine, samples, x, to, nullptr);
      else xnn_setup_convolution2d_nhwc_f32(stages[l].affine, samples, 1, b.length, x, to, nullptr);
      xnn_run_operator(stages[l].affine, nullptr);
      if (b.act == activation::tanh) {
        xnn_setup_sigmoid_nc_f32(stages[l].sigmoid, samples, to, to, nullptr);
        xnn_run_operator(stages[l].sigmoid, nullptr);
      } else if (b.dense() && b.normalizes()) {
        finish_rows(b, weights[l], samples, to);
      } else if (!b.dense()) {
        for (std::size_t s = 0; s < samples; ++s) finish_signal(b, weights[l], to + s * b.out * b.positions());
      }
      if (b.averaged) {  // rows become shorter: sample after sample, what is written has been read
        std::vector<float>& means = buffer[1 - l % 2];
        for (std::size_t s = 0; s < samples; ++s) average(b, to + s * b.out * b.positions(), means.data() + s * b.out);
        x = means.data();
        continue;
      }
      x = to;
    }
  }
};

struct instance {
  std::vector<block_weights> weights;
  pipeline single, batch;
  explicit instance(const problem& p)
      : weights(p.folded, p.folded + p.network->depth), single(started(p), 1), batch(p, batch_size) {}
  static const problem& started(const problem& p) {
    check(xnn_initialize(nullptr));
    return p;
  }
  void one(const float* x, float* y) { single.run(weights.data(), x, y); }
  void many(const float* x, float* y) { batch.run(weights.data(), x, y); }
};

}  // namespace
}  // namespace taut::benchmarks

BENCHMARK_PEERS({"xnnpack", taut::benchmarks::kind::library, taut::benchmarks::open<taut::benchmarks::instance>})
