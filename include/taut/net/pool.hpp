// SPDX-License-Identifier: Apache-2.0
// What the pooling layers share: which windows their sizes and options mean, and what they say to a wrong input.
//
//   using pool = pool_windows<3, 3, option::stride<2, 2>>;
//   pool::over(shape{8, 16, 16}).out_height() == 7;   pool::output(shape{8, 16, 16}) == shape{8, 7, 7}
#pragma once
#include <algorithm>
#include <cstddef>
#include <taut/net/option.hpp>
#include <taut/net/window.hpp>

namespace taut {

/// Windows of `Height` x `Width` (of `Height` on signals); the options are stride, by default the window, and padding.
template <std::size_t Height, std::size_t Width, class... Options> struct pool_windows {
  static constexpr option::sizes kernel{Height, Width};
  static constexpr option::sizes stride =
      option::has<option::stride_key, Options...> ? option::sizes_of<option::stride_key, Options...>(0) : kernel;
  static constexpr option::sizes padding = option::sizes_of<option::padding_key, Options...>(0);

  /// As PyTorch demands: then every window covers at least one position of the input.
  static constexpr bool padding_fits = 2 * padding.first <= kernel.first && 2 * padding.second <= kernel.second;
  /// Whether an axis differs from the other: then the input is an image.
  static constexpr bool images_only =
      kernel.first != kernel.second || stride.first != stride.second || padding.first != padding.second;

  static constexpr base::words wants = [] {
    constexpr auto least = [](std::size_t k, std::size_t p) {
      return std::max<std::size_t>(k - std::min(k, 2 * p), 1);
    };
    const std::size_t height = least(kernel.first, padding.first), width = least(kernel.second, padding.second);
    if (Height == 0 || Width == 0) return base::say("a window of at least 1");
    if (!padding_fits) return base::say("padding <= half the window");
    if (images_only) return base::say("C x H x W, at least ", height, " x ", width);
    return base::say("C x L or C x H x W, min ", height);
  }();

  static constexpr window_geometry over(shape in) { return windows(in, kernel, stride, padding); }
  static constexpr bool accepts(shape in) {
    return Height > 0 && Width > 0 && padding_fits && (in.rank == 3 || (in.rank == 2 && !images_only)) &&
           over(in).fits();
  }
  static constexpr shape output(shape in) {
    const window_geometry w = over(in);
    return in.rank == 3 ? shape{w.channels, w.out_height(), w.out_width()} : shape{w.channels, w.out_width()};
  }

  /// "MaxPool<2>", "MaxPool<2, 3>".
  static constexpr base::words name(const char* layer) {
    return Height == Width ? base::say(layer, "<", Height, ">") : base::say(layer, "<", Height, ", ", Width, ">");
  }
};

}  // namespace taut
