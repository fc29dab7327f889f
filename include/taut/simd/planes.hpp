// SPDX-License-Identifier: Apache-2.0
//
// The input of a convolution as its kernels read it, plane by plane, so that a tap is an offset: where it is, or a copy
// with zeros around it, or such a copy in phases, element (i, j) of the padded input in phase (i mod sy, j mod sx).
// Example, the first of x's numbers under tap 4 of channel 1:
//   using source = planes<native, S, reading::in_phases>;
//   source::copy(x, scratch);   scratch[source::channel + source::offsets[4]];
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <taut/simd/lane.hpp>
#include <taut/simd/matvec.hpp>
#include <taut/simd/piece.hpp>
#include <type_traits>

namespace taut::simd {

/// The numbers of a convolution; a signal has height 1.
struct convolution_shape {
  std::size_t in_channels, in_height, in_width, out_channels, groups = 1;
  std::size_t kernel_height, kernel_width, stride_height = 1, stride_width = 1, padding_height = 0, padding_width = 0;

  [[nodiscard]] constexpr std::size_t out_height() const {
    return (in_height + 2 * padding_height - kernel_height) / stride_height + 1;
  }
  [[nodiscard]] constexpr std::size_t out_width() const {
    return (in_width + 2 * padding_width - kernel_width) / stride_width + 1;
  }
  [[nodiscard]] constexpr std::size_t in_size() const { return in_channels * in_height * in_width; }
  [[nodiscard]] constexpr std::size_t out_size() const { return out_channels * out_height() * out_width(); }
};

/// How a convolution reads its input.
enum class reading { in_place, copied, in_phases };

/// Copies N floats, whole registers at once, the last of which overlaps.
template <float_lane V, std::size_t N> [[gnu::always_inline]] constexpr void copy_row(const float* from, float* to) {
  if constexpr (detail::in_register<V> && N >= width<V>) {
    for (std::size_t i = 0; i + width<V> <= N; i += width<V>) store(load<V>(from + i), to + i);
    if constexpr (N % width<V> != 0) store(load<V>(from + N - width<V>), to + N - width<V>);
  } else if (std::is_constant_evaluated()) {
    for (std::size_t i = 0; i < N; ++i) to[i] = from[i];
  } else {
    __builtin_memcpy(to, from, N * sizeof(float));
  }
}
/// The same for every Step-th float of `from`: nothing behind the last one is read.
template <float_lane V, std::size_t N, std::size_t Step>
[[gnu::always_inline]] constexpr void copy_every(const float* from, float* to) {
  if constexpr (Step == 1) {
    copy_row<V, N>(from, to);
  } else if constexpr (Step == 2 && detail::in_register<V> && N > 4) {
    using lane = resized<V, (N > width<V> ? width<V> : N > 8 && width<V> > 8 ? 8 : 4)>;
    constexpr std::size_t lanes = width<lane>;
    for (std::size_t i = 0; i + lanes < N; i += lanes)
      store(evens(load<lane>(from + 2 * i), load<lane>(from + 2 * i + lanes)), to + i);
    const float* const last = from + 2 * (N - lanes) - 1;
    store(odds(load<lane>(last), load<lane>(last + lanes)), to + N - lanes);
  } else {
    for (std::size_t i = 0; i < N; ++i) to[i] = from[i * Step];
  }
}
/// Writes N zeros.
template <float_lane V, std::size_t N> [[gnu::always_inline]] constexpr void clear_row(float* to) {
  if constexpr (detail::in_register<V> && N >= width<V>) {
    for (std::size_t i = 0; i + width<V> <= N; i += width<V>) store(broadcast<V>(0.0f), to + i);
    if constexpr (N % width<V> != 0) store(broadcast<V>(0.0f), to + N - width<V>);
  } else {
    for (std::size_t i = 0; i < N; ++i) to[i] = 0;
  }
}

/// The planes of the input of a convolution of shape S, copied in registers V where they are not read in place.
template <float_lane V, convolution_shape S, reading How> struct planes {
 private:
  static constexpr std::size_t lanes = width<V>, taps = S.kernel_height * S.kernel_width;
  // The copy has one phase for each tap of a stride; its rows and columns.
  static constexpr bool phased = How == reading::in_phases;
  static constexpr std::size_t step_height = phased ? S.stride_height : 1, step_width = phased ? S.stride_width : 1;
  static constexpr std::size_t phase_rows = std::min(step_height, S.kernel_height);
  static constexpr std::size_t phase_columns = std::min(step_width, S.kernel_width);
  // What windows cover of an axis.
  static constexpr std::size_t covered(std::size_t out, std::size_t stride, std::size_t kernel) {
    return phased ? out + (kernel - 1) / stride : (out - 1) * stride + kernel;
  }

 public:
  /// Rows of a plane and how far they are from each other.
  static constexpr std::size_t rows =
      How == reading::in_place ? S.in_height : covered(S.out_height(), S.stride_height, S.kernel_height);
  static constexpr std::size_t pitch =
      How == reading::in_place ? S.in_width : covered(S.out_width(), S.stride_width, S.kernel_width);
  /// Floats of a phase, of a channel, and of a copy, with zeros behind it for the last register to read.
  static constexpr std::size_t plane = rows * pitch, channel = phase_rows * phase_columns * plane;
  static constexpr std::size_t size = How == reading::in_place ? 0 : S.in_channels * channel + std::max(lanes, pitch);
  /// Where each tap, row by row, of the first position lies in a channel.
  static constexpr auto offsets = [] {
    std::array<std::size_t, taps> at{};
    for (std::size_t tap = 0; tap < taps; ++tap) {
      const std::size_t ky = tap / S.kernel_width, kx = tap % S.kernel_width;
      at[tap] =
          ((ky % step_height) * phase_columns + kx % step_width) * plane + (ky / step_height) * pitch + kx / step_width;
    }
    return at;
  }();

  /// Copies x to the `size` floats at `to`.
  static constexpr void copy(const float* x, float* to) {
    for (std::size_t c = 0; c < S.in_channels; ++c, x += S.in_height * S.in_width)
      detail::repeat<phase_rows * phase_columns>([&](auto phase) __attribute__((always_inline)) {
        constexpr std::size_t a = phase / phase_columns, b = phase % phase_columns;
        // columns first .. last of this phase, and rows above .. below, are inside the input
        constexpr std::size_t end = S.padding_width + S.in_width, floor = S.padding_height + S.in_height;
        constexpr std::size_t first =
            std::min(pitch, b < S.padding_width ? ceil_div(S.padding_width - b, step_width) : 0);
        constexpr std::size_t last = std::max(first, std::min(pitch, b < end ? ceil_div(end - b, step_width) : 0));
        constexpr std::size_t above =
            std::min(rows, a < S.padding_height ? ceil_div(S.padding_height - a, step_height) : 0);
        constexpr std::size_t below = std::max(above, std::min(rows, a < floor ? ceil_div(floor - a, step_height) : 0));
        if constexpr (first == last || above == below) {
          clear_row<V, plane>(to);
        } else {
          clear_row<V, above * pitch + first>(to);
#pragma GCC unroll 1
          for (std::size_t i = above; i < below; ++i) {
            float* const line = to + i * pitch;
            const std::size_t row_of_x = i * step_height + a - S.padding_height;
            const float* const from = x + row_of_x * S.in_width + (first * step_width + b - S.padding_width);
            copy_every<V, last - first, step_width>(from, line + first);
            clear_row<V, pitch - last + first>(line + last);  // to where the next row begins
          }
          clear_row<V, (rows - below) * pitch>(to + below * pitch);
        }
        to += plane;
      });
    clear_row<V, lanes>(to);
  }
};

}  // namespace taut::simd
