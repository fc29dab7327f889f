// SPDX-License-Identifier: Apache-2.0
// Sliding windows over the last one or two axes of C x L or C x H x W: the geometry that pooling and convolutions
// share.
//
//   constexpr auto w = windows(shape{3, 8, 8}, {3, 3}, {2, 2}, {1, 1});      // kernel, stride, padding: height, width
//   w.out_height() == 4;   w.overlap() == 4;   w.columns().begin(0) == 0;   w.columns().end(0) == 2
//
// Window o of an axis covers the positions o stride - padding, ..., o stride - padding + kernel - 1 of the input.
#pragma once
#include <algorithm>
#include <cstddef>
#include <taut/algebra/shape.hpp>
#include <taut/net/option.hpp>

namespace taut {

/// Windows along one axis of `size` positions with `padding` more on either side. @pre of all but fits: fits()
struct window_axis {
  std::size_t size, kernel, stride, padding;

  /// Whether there is a window.
  [[nodiscard]] constexpr bool fits() const { return kernel > 0 && stride > 0 && size + 2 * padding >= kernel; }
  /// Number of windows: floor((size + 2 padding - kernel) / stride) + 1, as PyTorch with ceil_mode = False.
  [[nodiscard]] constexpr std::size_t out() const { return (size + 2 * padding - kernel) / stride + 1; }
  /// The first position of the input that window o covers: begin(o) == end(o) where it covers padding only.
  [[nodiscard]] constexpr std::size_t begin(std::size_t o) const { return clamped(o * stride); }
  /// The position behind the last one that window o covers.
  [[nodiscard]] constexpr std::size_t end(std::size_t o) const { return clamped(o * stride + kernel); }
  /// Where position begin(o) lies in window o: the first kernel index that meets the input.
  [[nodiscard]] constexpr std::size_t offset(std::size_t o) const { return begin(o) + padding - o * stride; }
  /// The largest number of windows that contain one position of the input.
  [[nodiscard]] constexpr std::size_t overlap() const {
    std::size_t most = 0;
    for (std::size_t i = padding; i < padding + size; ++i) {
      // window o contains i if and only if o stride <= i < o stride + kernel
      const std::size_t first = i < kernel ? 0 : (i - kernel) / stride + 1, last = std::min(i / stride, out() - 1);
      most = std::max(most, first <= last ? last - first + 1 : 0);
    }
    return most;
  }
  /// The largest number of positions of the input that one window covers.
  [[nodiscard]] constexpr std::size_t covered() const {
    std::size_t most = 0;
    for (std::size_t o = 0; o < out(); ++o) most = std::max(most, end(o) - begin(o));
    return most;
  }

 private:
  // From a position of the padded axis to one of the input.
  [[nodiscard]] constexpr std::size_t clamped(std::size_t padded) const {
    return padded < padding ? 0 : std::min(padded - padding, size);
  }
};

/// Windows over each channel of a signal (height 1) or image.
struct window_geometry {
  std::size_t channels, height, width;
  std::size_t kernel_height, kernel_width, stride_height, stride_width, padding_height, padding_width;

  /// The windows along the height.
  [[nodiscard]] constexpr window_axis rows() const { return {height, kernel_height, stride_height, padding_height}; }
  /// The windows along the width.
  [[nodiscard]] constexpr window_axis columns() const { return {width, kernel_width, stride_width, padding_width}; }
  /// Whether there is a window.
  [[nodiscard]] constexpr bool fits() const { return rows().fits() && columns().fits(); }
  [[nodiscard]] constexpr std::size_t out_height() const { return rows().out(); }
  [[nodiscard]] constexpr std::size_t out_width() const { return columns().out(); }
  /// Elements of a window in one channel, padding included.
  [[nodiscard]] constexpr std::size_t window() const { return kernel_height * kernel_width; }
  /// The largest number of windows that contain one position of the input: exact, since axes are independent.
  [[nodiscard]] constexpr std::size_t overlap() const { return rows().overlap() * columns().overlap(); }
  /// The largest number of positions of the input that one window covers: window(), unless all reach into the padding.
  [[nodiscard]] constexpr std::size_t covered() const { return rows().covered() * columns().covered(); }
  constexpr bool operator==(const window_geometry&) const = default;
};

/// Calls visit(o, positions) for each output o of a pooling; positions(f) calls f(i) for each element i of the input
/// that its window covers, row by row.
template <class Visit> constexpr void for_each_window(const window_geometry& w, Visit visit) {
  std::size_t o = 0;
  for (std::size_t channel = 0; channel < w.channels; ++channel)
    for (std::size_t row = 0; row < w.out_height(); ++row)
      for (std::size_t column = 0; column < w.out_width(); ++column, ++o)
        visit(o, [&w, channel, row, column](auto&& f) {
          for (std::size_t r = w.rows().begin(row); r < w.rows().end(row); ++r)
            for (std::size_t c = w.columns().begin(column); c < w.columns().end(column); ++c)
              f((channel * w.height + r) * w.width + c);
        });
}

/// The windows over `in`. Images have a height (first) and a width (second); signals, of rank 2, only `first`.
constexpr window_geometry windows(shape in, option::sizes kernel, option::sizes stride, option::sizes padding) {
  if (in.rank == 3)
    return {in.extent[0], in.extent[1],  in.extent[2],  kernel.first,  kernel.second,
            stride.first, stride.second, padding.first, padding.second};
  return {in.extent[0], 1, in.extent[1], 1, kernel.first, 1, stride.first, 0, padding.first};
}

}  // namespace taut
