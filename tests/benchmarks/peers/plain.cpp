// SPDX-License-Identifier: Apache-2.0
// Plain C loops with constant bounds, which the compiler vectorizes (-ffast-math), in three variants:
//   plain_rows     y[i] = sum over j of w[i][j] x[j]; signals are [channel][position]
//   plain_columns  all y += w[.][j] x[j], j after j, weights transposed; signals are [position][channel]
//   plain_batch    the samples of a batch side by side: x[j][sample]
#include <cmath>
#include <cstddef>
#include <cstring>

#include "benchmarks/peers/fixed.hpp"

namespace taut::benchmarks {
namespace {

struct alignas(64) offsets {
  std::size_t weight[40], bias[40], gain[40], offset[40], total = 0;
};

// Where the parameters of each block lie in one array; everything starts at a cache line.
constexpr offsets place = [] {
  offsets o{};
  const auto take = [&o](std::size_t count) {
    const std::size_t at = o.total;
    o.total += (count + 15) / 16 * 16;
    return at;
  };
  for (std::size_t i = 0; i < described.depth; ++i) {
    const block& b = described.blocks[i];
    o.weight[i] = take(b.weights());
    o.bias[i] = take(b.out);
    o.gain[i] = take(b.out);
    o.offset[i] = take(b.out);
  }
  return o;
}();

struct constants {
  alignas(64) float at[place.total] = {};

  constants(const problem& p, bool columns) {
    for (std::size_t n = 0; n < described.depth; ++n) {
      const block& b = described.blocks[n];
      const block_weights& w = p.folded[n];
      for (std::size_t i = 0; i < b.out; ++i)
        for (std::size_t j = 0; j < b.in; ++j)
          for (std::size_t k = 0; k < b.kernel; ++k)
            at[place.weight[n] + (columns ? (k * b.in + j) * b.out + i : (i * b.in + j) * b.kernel + k)] =
                w.weight[(i * b.in + j) * b.kernel + k];
      if (b.bias) std::memcpy(at + place.bias[n], w.bias, b.out * sizeof(float));
      if (b.normalizes() && b.affine) {
        std::memcpy(at + place.gain[n], w.gain, b.out * sizeof(float));
        std::memcpy(at + place.offset[n], w.offset, b.out * sizeof(float));
      }
    }
  }
};

template <activation Act> [[gnu::always_inline]] inline float activate(float v) {
  if constexpr (Act == activation::relu) return v > 0 ? v : 0;
  else if constexpr (Act == activation::tanh) return std::tanh(v);
  else return v;
}

// Normalizes `groups` runs of `channels` x `positions` elements; strides say how channels and positions lie.
template <std::size_t I>
[[gnu::always_inline]] inline void finish(const float* __restrict w, float* __restrict y, bool columns) {
  static constexpr block b = described.blocks[I];
  static constexpr std::size_t channels = b.out / b.groups, positions = b.positions();
  if constexpr (b.normalizes()) {
    const float* const gain = w + place.gain[I];
    const float* const offset = w + place.offset[I];
    for (std::size_t g = 0; g < b.groups; ++g) {
      const auto each = [&](auto&& f) __attribute__((always_inline)) {
        const std::size_t first = g * channels;
        if (columns)
          for (std::size_t p = 0; p < positions; ++p)
            for (std::size_t c = 0; c < channels; ++c) f(y[p * b.out + first + c], first + c);
        else
          for (std::size_t c = 0; c < channels; ++c)
            for (std::size_t p = 0; p < positions; ++p) f(y[(first + c) * positions + p], first + c);
      };
      constexpr float share = 1.0f / static_cast<float>(b.pooled());
      float mean = 0;
      each([&](float v, std::size_t) { mean += v; });
      mean *= share;
      float variance = 0;
      each([&](float v, std::size_t) { variance += (v - mean) * (v - mean); });
      const float scale = 1 / std::sqrt(variance * share + static_cast<float>(epsilon));
      each([&](float& v, std::size_t c) {
        float t = (v - mean) * scale;
        if constexpr (b.affine) t = t * gain[c] + offset[c];
        v = activate<b.act>(t);
      });
    }
  } else if constexpr (b.act != activation::none) {
    for (std::size_t i = 0; i < b.out * positions; ++i) y[i] = activate<b.act>(y[i]);
  }
}

// The means over positions, in place: channel c is written after all of it has been read.
template <std::size_t I> inline void average(float* y, bool columns) {
  static constexpr block b = described.blocks[I];
  constexpr std::size_t positions = b.positions();
  float mean[b.out] = {};
  if (columns)
    for (std::size_t p = 0; p < positions; ++p)
      for (std::size_t c = 0; c < b.out; ++c) mean[c] += y[p * b.out + c];
  else
    for (std::size_t c = 0; c < b.out; ++c)
      for (std::size_t p = 0; p < positions; ++p) mean[c] += y[c * positions + p];
  for (std::size_t c = 0; c < b.out; ++c) y[c] = mean[c] * (1.0f / static_cast<float>(positions));
}

template <std::size_t I>
[[gnu::always_inline]] inline void rows(const float* __restrict w, const float* __restrict x, float* __restrict y) {
  static constexpr block b = described.blocks[I];
  const float* const weight = w + place.weight[I];
  const float* const bias = w + place.bias[I];
  if constexpr (b.dense()) {
    for (std::size_t i = 0; i < b.out; ++i) {
      float sum = 0;
      for (std::size_t j = 0; j < b.in; ++j) sum += weight[i * b.in + j] * x[j];
      y[i] = b.bias ? sum + bias[i] : sum;
    }
  } else {
    float padded[b.in][b.length + 2 * b.padding] = {};
    for (std::size_t j = 0; j < b.in; ++j)
      for (std::size_t l = 0; l < b.length; ++l) padded[j][b.padding + l] = x[j * b.length + l];
    for (std::size_t i = 0; i < b.out; ++i) {
      float sum[b.positions()];
      for (std::size_t p = 0; p < b.positions(); ++p) sum[p] = b.bias ? bias[i] : 0;
      for (std::size_t j = 0; j < b.in; ++j)
        for (std::size_t k = 0; k < b.kernel; ++k)
          for (std::size_t p = 0; p < b.positions(); ++p)
            sum[p] += weight[(i * b.in + j) * b.kernel + k] * padded[j][p * b.stride + k];
      for (std::size_t p = 0; p < b.positions(); ++p) y[i * b.positions() + p] = sum[p];
    }
  }
}

template <std::size_t I>
[[gnu::always_inline]] inline void columns(const float* __restrict w, const float* __restrict x, float* __restrict y) {
  static constexpr block b = described.blocks[I];
  const float* const weight = w + place.weight[I];
  const float* const bias = w + place.bias[I];
  // In a padded signal, [position][channel], the elements of a window are neighbours.
  const float* signal = x;
  float padded[b.dense() ? 1 : (b.length + 2 * b.padding) * b.in];
  if constexpr (!b.dense()) {
    std::memset(padded, 0, sizeof(padded));
    std::memcpy(padded + b.padding * b.in, x, b.inputs() * sizeof(float));
    signal = padded;
  }
  for (std::size_t p = 0; p < b.positions(); ++p) {
    float sum[b.out];
    for (std::size_t i = 0; i < b.out; ++i) sum[i] = b.bias ? bias[i] : 0;
    for (std::size_t j = 0; j < b.kernel * b.in; ++j)
      for (std::size_t i = 0; i < b.out; ++i) sum[i] += weight[j * b.out + i] * signal[p * b.stride * b.in + j];
    for (std::size_t i = 0; i < b.out; ++i) y[p * b.out + i] = sum[i];
  }
}

template <bool Columns> struct instance : fixed_network {
  constants held;
  explicit instance(const problem& p) : held(p, Columns) {}

  void one(const float* x, float* y) const {
    alignas(64) float buffer[2][described.widest()];
    if constexpr (Columns && !described.dense()) {
      constexpr block b = described.blocks[0];
      for (std::size_t l = 0; l < b.length; ++l)
        for (std::size_t j = 0; j < b.in; ++j) buffer[1][l * b.in + j] = x[j * b.length + l];
      x = buffer[1];
    }
    for_each_block([&]<std::size_t I>() __attribute__((always_inline)) {
      float* const to = I + 1 == described.depth && !described.blocks[I].averaged ? y : buffer[I % 2];
      if constexpr (Columns) columns<I>(held.at, x, to);
      else rows<I>(held.at, x, to);
      finish<I>(held.at, to, Columns);
      if constexpr (described.blocks[I].averaged) average<I>(to, Columns);
      x = to;
    });
  }
  void many(const float* x, float* y) const {
    for (std::size_t s = 0; s < batch_size; ++s) one(x + s * described.inputs(), y + s * described.outputs());
  }
};

template <std::size_t I> [[gnu::always_inline]] inline void lanes(const float* __restrict w,
                                                                  const float (*__restrict x)[batch_size],
                                                                  float (*__restrict y)[batch_size]) {
  static constexpr block b = described.blocks[I];
  constexpr float share = 1.0f / static_cast<float>(b.out);
  for (std::size_t i = 0; i < b.out; ++i) {
    float sum[batch_size];
    for (std::size_t s = 0; s < batch_size; ++s) sum[s] = b.bias ? w[place.bias[I] + i] : 0;
    for (std::size_t j = 0; j < b.in; ++j)
      for (std::size_t s = 0; s < batch_size; ++s) sum[s] += w[place.weight[I] + i * b.in + j] * x[j][s];
    for (std::size_t s = 0; s < batch_size; ++s) y[i][s] = b.normalizes() ? sum[s] : activate<b.act>(sum[s]);
  }
  if constexpr (b.normalizes()) {
    float mean[batch_size] = {}, variance[batch_size] = {}, scale[batch_size];
    for (std::size_t i = 0; i < b.out; ++i)
      for (std::size_t s = 0; s < batch_size; ++s) mean[s] += y[i][s];
    for (std::size_t s = 0; s < batch_size; ++s) mean[s] *= share;
    for (std::size_t i = 0; i < b.out; ++i)
      for (std::size_t s = 0; s < batch_size; ++s) variance[s] += (y[i][s] - mean[s]) * (y[i][s] - mean[s]);
    for (std::size_t s = 0; s < batch_size; ++s)
      scale[s] = 1 / std::sqrt(variance[s] * share + static_cast<float>(epsilon));
    for (std::size_t i = 0; i < b.out; ++i)
      for (std::size_t s = 0; s < batch_size; ++s) {
        float t = (y[i][s] - mean[s]) * scale[s];
        if constexpr (b.affine) t = t * w[place.gain[I] + i] + w[place.offset[I] + i];
        y[i][s] = activate<b.act>(t);
      }
  }
}

struct batch_instance : fixed_network {
  constants held;
  alignas(64) float buffer[2][described.widest()][batch_size];
  explicit batch_instance(const problem& p) : held(p, false) {}

  void many(const float* x, float* y) {
    for (std::size_t j = 0; j < described.inputs(); ++j)
      for (std::size_t s = 0; s < batch_size; ++s) buffer[1][j][s] = x[s * described.inputs() + j];
    for_each_block([&]<std::size_t I>()
                       __attribute__((always_inline)) { lanes<I>(held.at, buffer[1 - I % 2], buffer[I % 2]); });
    constexpr std::size_t last = (described.depth - 1) % 2;
    for (std::size_t s = 0; s < batch_size; ++s)
      for (std::size_t i = 0; i < described.outputs(); ++i) y[s * described.outputs() + i] = buffer[last][i][s];
  }
  static bool accepts(const net& n) { return n.dense() && fixed_network::accepts(n); }
};

}  // namespace
}  // namespace taut::benchmarks

using namespace taut::benchmarks;
BENCHMARK_PEERS({"plain_rows", kind::plain, open<instance<false>>},
                {"plain_columns", kind::plain, open<instance<true>>},
                {"plain_batch", kind::plain, open<batch_instance>})
