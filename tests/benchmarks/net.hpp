// SPDX-License-Identifier: Apache-2.0
// The networks that are timed, as plain data that every peer can read: blocks of an affine map (dense, or a convolution of
// signals), a normalization and an activation. A dense block is a convolution of length 1.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <initializer_list>
#include <string_view>

namespace taut::benchmarks {

enum class normalization { none, layer, batch, group };
enum class activation { none, relu, tanh };

/// One affine map with what follows it.
struct block {
  std::size_t in = 0, out = 0;  ///< features; of a convolution, channels
  normalization norm = normalization::none;
  activation act = activation::none;
  bool bias = true, affine = true;  ///< whether the map has a bias, the normalization a gain and an offset
  std::size_t length = 1, kernel = 1, stride = 1, padding = 0, groups = 1;
  bool averaged = false;  ///< the mean over all positions ends the block

  constexpr std::size_t positions() const { return (length + 2 * padding - kernel) / stride + 1; }
  constexpr bool dense() const { return length == 1; }
  constexpr std::size_t inputs() const { return in * length; }
  constexpr std::size_t outputs() const { return averaged ? out : out * positions(); }
  constexpr std::size_t weights() const { return out * in * kernel; }
  /// Elements of one run of the normalization, which shares mean and variance.
  constexpr std::size_t pooled() const { return out * positions() / groups; }
  /// Normalizes what is computed: batch normalization is folded into the weights.
  constexpr bool normalizes() const { return norm == normalization::layer || norm == normalization::group; }
};

/// A network: its name and its blocks.
struct net {
  std::string_view name;
  std::size_t depth = 0;
  std::array<block, 40> blocks{};

  constexpr net(std::string_view its_name, std::initializer_list<block> its_blocks) : name(its_name) {
    for (const block& b : its_blocks) then(b);
  }
  constexpr net& then(const block& b, std::size_t times = 1) {
    for (std::size_t i = 0; i < times; ++i) blocks[depth++] = b;
    return *this;
  }
  constexpr std::size_t inputs() const { return blocks[0].inputs(); }
  constexpr std::size_t outputs() const { return blocks[depth - 1].outputs(); }
  /// The largest activation.
  constexpr std::size_t widest() const {
    std::size_t most = inputs();
    for (std::size_t i = 0; i < depth; ++i) most = std::max(most, blocks[i].out * blocks[i].positions());
    return most;
  }
  constexpr bool dense() const {
    return std::all_of(blocks.begin(), blocks.begin() + depth, [](const block& b) { return b.dense(); });
  }
  /// Multiplications and additions of the affine maps for one sample; normalizations and activations are not counted.
  constexpr double operations() const {
    double sum = 0;
    for (std::size_t i = 0; i < depth; ++i)
      sum += 2.0 * static_cast<double>(blocks[i].weights() * blocks[i].positions());
    return sum;
  }
  /// Bytes of the parameters that one inference must read.
  constexpr double bytes() const {
    std::size_t count = 0;
    for (std::size_t i = 0; i < depth; ++i) {
      const block& b = blocks[i];
      count += b.weights() + (b.bias ? b.out : 0) + (b.normalizes() && b.affine ? 2 * b.out : 0);
    }
    return 4.0 * static_cast<double>(count);
  }
};

namespace detail {
constexpr block dense(std::size_t in, std::size_t out, normalization norm = normalization::none,
                      activation act = activation::none) {
  return {.in = in, .out = out, .norm = norm, .act = act};
}
}  // namespace detail

/// All of them. A name with _no_norm is the same network without its normalizations.
inline constexpr auto nets = [] {
  using detail::dense;
  constexpr auto none = normalization::none, layer = normalization::layer, batch = normalization::batch;
  constexpr auto group = normalization::group;
  constexpr auto relu = activation::relu, tanh = activation::tanh;
  const block tiny_without_bias{.in = 3, .out = 3, .norm = layer, .bias = false, .affine = false};
  const block last_without_bias{.in = 3, .out = 1, .bias = false};
  const block first_signal{.in = 6,
                           .out = 16,
                           .norm = group,
                           .act = relu,
                           .length = 128,
                           .kernel = 5,
                           .stride = 2,
                           .padding = 2,
                           .groups = 4};
  block second_signal = first_signal;
  second_signal.in = 16, second_signal.out = 32, second_signal.length = 64;
  second_signal.averaged = true;
  return std::array{
      net("N1", {dense(64, 32, layer, relu), dense(32, 10)}),
      net("N1_no_norm", {dense(64, 32, none, relu), dense(32, 10)}),
      net("N2", {dense(784, 128, layer, relu), dense(128, 64, layer, relu), dense(64, 10)}),
      net("N2_no_norm", {dense(784, 128, none, relu), dense(128, 64, none, relu), dense(64, 10)}),
      net("N3", {}).then(dense(256, 256, layer, relu), 4).then(dense(256, 10)),
      net("N3_no_norm", {}).then(dense(256, 256, none, relu), 4).then(dense(256, 10)),
      net("N4", {}).then(dense(16, 16, none, tanh), 3).then(dense(16, 1)),
      net("N5", {}).then(dense(3, 3, layer), 32).then(dense(3, 1)),
      net("N5_bias_free", {}).then(tiny_without_bias, 32).then(last_without_bias),
      net("16x16x6", {}).then(dense(16, 16, layer, relu), 6),
      net("16x16x6_no_norm", {}).then(dense(16, 16, none, relu), 6),
      net("autoencoder", {dense(640, 128, batch, relu)})
          .then(dense(128, 128, batch, relu), 3)
          .then(dense(128, 8, batch, relu))
          .then(dense(8, 128, batch, relu))
          .then(dense(128, 128, batch, relu), 3)
          .then(dense(128, 640)),
      net("signal", {first_signal, second_signal, dense(32, 6)}),
  };
}();

/// The place of a network in the list. @pre it is there.
constexpr std::size_t number_of(std::string_view name) {
  std::size_t i = 0;
  while (nets.at(i).name != name) ++i;
  return i;
}

}  // namespace taut::benchmarks
