// SPDX-License-Identifier: Apache-2.0
// The stage of a convolution: scalings of channels are folded into its weights in double; a normalizer behind it works
// on its outputs, after what it would subtract anyway has been taken out of the biases. Moments of single channels come
// from sums that the convolution makes of its outputs while they are in registers.
#pragma once
#include <array>
#include <cstddef>
#include <taut/engine/sphere.hpp>
#include <taut/engine/stage.hpp>
#include <taut/simd/convolution.hpp>
#include <taut/simd/piece.hpp>

namespace taut::engine_stage {

/// No normalizer.
struct no_sphere {};

/// Whether rows of up to 8 positions would leave half of a wide register empty, and no more than a few output channels
/// share what is loaded, or sums of few terms would not be worth a padded copy.
constexpr bool is_narrow(const simd::convolution_shape& s) {
  const bool alone = s.in_channels == s.groups && s.stride_height == 1;
  const bool copied = s.padding_height > 0 && s.in_width <= 8;
  const bool small = s.out_height() == 1 && s.out_channels <= 4 * s.groups;
  return s.out_width() <= 8 && s.stride_width == 1 && (small || (alone && (copied || s.out_channels == s.groups)));
}
/// The lanes that convolve.
template <class V, simd::convolution_shape S> using convolution_lane =
    simd::resized<V, (simd::width<V> >= 16 && is_narrow(S)) ? 8 : simd::width<V>>;

/// Whether a convolution adds up, as it computes them, the runs of a normalizer behind it that subtracts their means:
/// channels, each computed at once, in chains for which the rounding is stated. Batches do not.
template <class Kernel> constexpr bool adds_up_runs(bool subtracts, pooling runs) {
  return subtracts && runs.size == Kernel::positions && Kernel::adds_up && Kernel::longest_sum <= 1u << 14;
}

/// y = f(normalize(conv(x) + b)), conv of the shape that simd/convolution.hpp calls S.
template <class V, simd::convolution_shape S, std::size_t Outputs, class Sphere, class Epilogue> struct convolve {
  using kernel = simd::convolution<convolution_lane<V, S>, S>;
  static constexpr bool normalizes = !std::same_as<Sphere, no_sphere>;
  static constexpr std::size_t alignment = simd::width<V> * sizeof(float);
  static constexpr std::size_t positions = Outputs / S.out_channels;
  static constexpr bool adds_up = [] {
    if constexpr (normalizes) return adds_up_runs<kernel>(Sphere::subtracts, Sphere::runs);
    else return false;
  }();

  alignas(alignment) std::array<float, kernel::weight_size> weight{};
  alignas(alignment) std::array<float, kernel::bias_size> bias{};
  [[no_unique_address]] Sphere normalize{};

  /// Folds the parameters p of layer A and the scalings behind it. `pooled` channels are centred together behind it; 0
  /// where nothing is.
  template <class A, class P> constexpr void fold(const P& p, const row_scaling<Outputs>& rows, std::size_t pooled) {
    std::array<double, S.out_channels> b{};
    for (std::size_t c = 0; c < S.out_channels; ++c)
      b[c] = rows.scale[c * positions] * A::bias(p, c * positions) + rows.shift[c * positions];
    for (std::size_t first = 0; pooled > 0 && first < S.out_channels; first += pooled) {
      double mean = 0;
      for (std::size_t c = first; c < first + pooled; ++c) mean += b[c];
      mean /= static_cast<double>(pooled);
      for (std::size_t c = first; c < first + pooled; ++c) b[c] -= mean;
    }
    kernel::pack_bias([&b](std::size_t c) { return b[c]; }, bias.data());
    constexpr std::size_t inputs = S.in_channels / S.groups;
    kernel::pack(
        [&](std::size_t co, std::size_t ci, std::size_t ky, std::size_t kx) {
          const std::size_t tap = ((co * inputs + ci) * S.kernel_height + ky) * S.kernel_width + kx;
          return rows.scale[co * positions] * static_cast<double>(p.weight[tap]);
        },
        weight.data());
  }

  template <class W, class Observe> constexpr float run(const float* x, float, float* y, Observe&& observe) const {
    alignas(alignment) float scratch[kernel::scratch_size];
    if (__builtin_is_constant_evaluated())
      for (float& v : scratch) v = 0;
    using here = convolution_lane<W, S>;
    if constexpr (adds_up) {
      // all moments before the first is used: the sums of one channel do not wait for the root of another
      std::array<typename Sphere::moments, S.out_channels> of{};
      const auto take = [&](std::size_t channel, const simd::pivoted_sums<here>& sums) {
        of[channel] = Sphere::template moments_about<W>(sums, y + channel * positions);
      };
      simd::convolution<here, S>::apply(weight.data(), bias.data(), x, y, scratch, {}, take);
      normalize.template apply<W>(y, y, observe, [&of](std::size_t run) { return of[run]; });
    } else if constexpr (normalizes) {
      simd::convolution<here, S>::apply(weight.data(), bias.data(), x, y, scratch);
      normalize.template apply<W>(y, y, observe);
    } else {
      const auto finish = [](const here& z) __attribute__((always_inline)) { return Epilogue::apply(z); };
      simd::convolution<here, S>::apply(weight.data(), bias.data(), x, y, scratch, finish);
    }
    return 1.0f;
  }
};

}  // namespace taut::engine_stage
