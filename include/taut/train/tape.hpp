// SPDX-License-Identifier: Apache-2.0
// One mini-batch forward through a network and back: all activations are kept, the chain rule runs over them.
//
//   tape<Net, batch<32>> t;                        // samples in the lanes of simd::native; or <Net, batch<32>, double>
//   t.load([&](std::size_t sample) { return data.input(sample).data(); });
//   t.forward(p);                                  // outputs in t.output(group)
//   ... write d loss / d output to t.output_gradient(group) ...
//   t.backward(p, dp);                             // dp = the gradient, summed over samples
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <taut/net/mode.hpp>
#include <taut/net/network.hpp>
#include <taut/simd/lane.hpp>
#include <vector>

namespace taut {

/// The activations of a mini-batch. Memory: (all activations + twice the largest) x batch size; allocated once.
template <Network Net, class Batch, simd::lane V = simd::native> class tape {
 public:
  using real = simd::element<V>;
  static constexpr std::size_t width = simd::width<V>;
  static constexpr std::size_t groups = groups_of<Batch, V>;

  tape() : activations(groups * start[Net::depth + 1]), here(groups * largest), next(groups * largest) {}

  /// Reads the inputs: row(s) points to the features, floats or doubles, of sample s < Batch::size. Lanes without a
  /// sample repeat the first one: what is finite for the samples is finite there too.
  template <class Row> void load(Row&& row) {
    for (std::size_t g = 0; g < groups; ++g) {
      using pointer = decltype(row(std::size_t{}));
      std::array<pointer, width> rows{};
      for (std::size_t l = 0; l < width; ++l) rows[l] = row(g * width + l < Batch::size ? g * width + l : 0);
      for (std::size_t i = 0; i < Net::input_size; ++i) {
        real lanes[width];
        for (std::size_t l = 0; l < width; ++l) lanes[l] = static_cast<real>(rows[l][i]);
        activations[g * Net::input_size + i] = simd::load<V>(lanes);
      }
    }
  }

  /// Runs the batch in training mode. Layers may change their buffers (running statistics) and draw from `seed`.
  /// `repeats`: computed with what p holds, singular vectors of SpectralNorm too, which a step would move first.
  void forward(parameters<Net, real>& p, std::uint64_t seed = 0, bool repeats = false) {
    static_cast<void>(base::fitting_batch<Net, Batch>{});  // <- read the quoted words
    noise = seed, again = repeats;
    base::for_each_index<Net::depth>([&]<std::size_t I>() {
      through<layer_of<Net, I>, Net::shapes[I]>(mode(I), get<I>(p), activation(I), activation(I + 1));
    });
  }

  /// The outputs of group `group`: output_size registers.
  [[nodiscard]] const V* output(std::size_t group) const { return input(Net::depth, group); }
  /// What layer `layer` takes, for the samples of a group; of the layer behind the last: the outputs.
  [[nodiscard]] const V* input(std::size_t layer, std::size_t group) const {
    return activations.data() + groups * start[layer] + group * Net::shapes[layer].size();
  }
  /// Where the gradient with respect to the outputs of a group is written before `backward`.
  [[nodiscard]] V* output_gradient(std::size_t group) { return here.data() + group * Net::output_size; }

  /// dp = the gradient with respect to the trainable parameters; what dp held before is forgotten.
  /// @pre `forward` ran with this p, and the gradient of the outputs is written, 0 in lanes without a sample.
  void backward(const parameters<Net, real>& p, parameters<Net, real>& dp) {
    backward(p, dp, []<std::size_t>(V*) {});
  }
  /// The same where the loss depends on activations inside, too: add<I>(dx) may add to the gradient with respect to the
  /// inputs of layer I, dx[group][feature], before it goes on backward.
  template <class Add> void backward(const parameters<Net, real>& p, parameters<Net, real>& dp, Add&& add) {
    for_each_tensor(dp, [](auto, auto, auto values) { std::ranges::fill(values, 0); });
    base::for_each_index<Net::depth>([&]<std::size_t J>() {
      constexpr std::size_t I = Net::depth - 1 - J;
      back<layer_of<Net, I>, Net::shapes[I]>(mode(I), get<I>(p), activation(I), activation(I + 1), here.data(),
                                             next.data(), get<I>(dp));
      here.swap(next);
      add.template operator()<I>(here.data());
    });
  }
  /// The gradient with respect to the inputs of a group, after `backward`.
  [[nodiscard]] const V* input_gradient(std::size_t group) const { return here.data() + group * Net::input_size; }

 private:
  static constexpr std::size_t largest = base::largest_activation<Net>();
  // start[I]: elements of a sample before the activations that layer I takes
  static constexpr std::array<std::size_t, Net::depth + 2> start = [] {
    std::array<std::size_t, Net::depth + 2> s{};
    for (std::size_t i = 0; i <= Net::depth; ++i) s[i + 1] = s[i] + Net::shapes[i].size();
    return s;
  }();

  // compiled once for all layers alike
  template <class L, shape In, class P>
  [[gnu::noinline]] static void through(training<Batch> mode, P& p, const V* x, V* y) {
    taut::forward<L, In>(mode, p, x, y);
  }
  template <class L, shape In, class P> [[gnu::noinline]] static void back(training<Batch> mode, const P& p, const V* x,
                                                                           const V* y, const V* dy, V* dx, P& dp) {
    taut::gradient<L, In>(mode, p, x, y, dy, dx, dp);
  }

  V* activation(std::size_t layer) { return activations.data() + groups * start[layer]; }
  [[nodiscard]] training<Batch> mode(std::size_t layer) const { return {noise + layer, again}; }

  std::vector<V> activations, here, next;  // here: the gradient of the outputs, then of each layer's inputs
  std::uint64_t noise = 0;
  bool again = false;
};

}  // namespace taut
