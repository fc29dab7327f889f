// SPDX-License-Identifier: Apache-2.0
// Dropout<p>: in training y = x / (1 - p) or, with probability p, 0; each feature of each sample by itself. At
// inference y = x.
//
// Lipschitz   1, exact (inference)
// Gradient    dx = dy / (1 - p) where x was kept, else 0; at inference dx = dy
// Example     Input<64> >> Linear<32> >> ReLU >> Dropout<0.1> >> Linear<10>
#pragma once
#include <array>
#include <cstdint>
#include <taut/base/random.hpp>
#include <taut/net/layer.hpp>
#include <taut/net/mode.hpp>
#include <taut/simd/lane.hpp>
#include <utility>

namespace taut::layer {

/// Random zeros in training.
template <double p> struct dropout : layer_base {
  static constexpr bool is_probability = p >= 0 && p < 1;

  static constexpr auto name = base::say("Dropout<", p, ">");
  static constexpr void spelling(auto& out) { out += "Dropout<", out += p, out += ">"; }
  static constexpr fusion reads = fusion::pointwise;
  static constexpr auto wants = base::say(is_probability ? "any shape" : "a probability 0 <= p < 1");
  static constexpr bool accepts(shape) { return is_probability; }
  static constexpr shape output(shape in) { return in; }

  static constexpr bool homogeneous = true;
  static constexpr bool identity = true;
  static constexpr bool drops = p > 0;
  static constexpr output_range range{};
  template <class V> static constexpr V apply(V x) { return x; }
  template <class V> static constexpr V derivative(V, V) { return V(1); }

  template <shape In, class Batch, class P, class V>
  static constexpr void forward_batch(training<Batch> mode, P&, const V* x, V* y, std::size_t groups) {
    thin_out<In>(mode.noise, x, y, groups);
  }
  template <shape In, class Batch, class P, class V>
  static constexpr void gradient_batch(training<Batch> mode, const P&, const V*, const V*, const V* dy, V* dx, P&,
                                       std::size_t groups) {
    thin_out<In>(mode.noise, dy, dx, groups);
  }

  static constexpr kernel_error accuracy{};
  static constexpr auto lipschitz(shape) { return constant(1); }
  static constexpr double least_slope = 1;

 private:
  // Every sample has a stream of its own, seeded by one stream for the batch: what is dropped depends on the noise, the
  // sample and the feature only, neither on the width of a register nor on whether the batch runs forward or back.
  template <shape In, class V>
  static constexpr void thin_out(std::uint64_t noise, const V* from, V* to, std::size_t groups) {
    constexpr std::size_t lanes = simd::width<V>;
    using real = simd::element<V>;
    const V scale = simd::number<V>(1 / (1 - p));
    base::random_stream seeds(noise);
    for (std::size_t g = 0; g < groups; ++g) {
      auto samples = [&seeds]<std::size_t... I>(std::index_sequence<I...>) {
        return std::array{(static_cast<void>(I), base::random_stream(seeds.next()))...};
      }(std::make_index_sequence<lanes>{});
      for (std::size_t i = g * In.size(); i < (g + 1) * In.size(); ++i) {
        real kept[lanes];
        for (std::size_t lane = 0; lane < lanes; ++lane) kept[lane] = samples[lane].uniform() < p ? real(0) : real(1);
        to[i] = simd::select(simd::less(V(0), simd::load<V>(kept)), from[i] * scale, V(0));
      }
    }
  }
};

}  // namespace taut::layer

namespace taut {
/// Drops features with probability p in training: `Dropout<0.1>`.
template <double p> inline constexpr layer::dropout<p> Dropout{};
}  // namespace taut
