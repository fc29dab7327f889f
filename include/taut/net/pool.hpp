// SPDX-License-Identifier: Apache-2.0
// What the pooling layers share: which windows their sizes and options mean, what they say to a wrong input, and the
// kernels: for one sample, whose lanes hold neighbouring elements, and for a register of samples.
//
//   using pool = pool_windows<3, 3, option::stride<2, 2>>;
//   pool::over(shape{8, 16, 16}).out_height() == 7;   pool::output(shape{8, 16, 16}) == shape{8, 7, 7}
#pragma once
#include <algorithm>
#include <cstddef>
#include <taut/net/option.hpp>
#include <taut/net/window.hpp>
#include <taut/simd/lane.hpp>
#include <type_traits>

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

/// The same windows in fewer, longer rows, where they are pairs of neighbours.
constexpr window_geometry in_long_rows(const window_geometry& g) {
  const bool pairs = g.kernel_height == 1 && g.stride_height == 1 && g.padding_height == 0 && g.kernel_width == 2 &&
                     g.stride_width == 2 && g.padding_width == 0 && g.width % 2 == 0;
  return pairs ? window_geometry{1, 1, g.channels * g.height * g.width, 1, 2, 1, 2, 0, 0} : g;
}

/// y = finish(join of the elements under each window, in any order; padding counts as `outside`), outputs in lanes W.
/// Every element that some window holds goes through look(v, k) before, at least once; k alternates between 0 and 1.
/// @pre a register more than x and y hold may be loaded and written.
template <window_geometry G, simd::float_lane W, class Join, class Finish, class Look>
constexpr void pool_in_lanes(const float* x, float* y, float outside, Join join, Finish finish, Look look) {
  constexpr std::size_t lanes = simd::width<W>, step = G.stride_width, kernel = G.kernel_width, out = G.out_width();
  constexpr std::size_t from = G.padding_width, whole = simd::ceil_div(out, lanes) * lanes;
  constexpr std::size_t loaded = from + simd::ceil_div(G.width, lanes) * lanes;
  constexpr std::size_t used = step > 2 ? (out - 1) * step + kernel : whole * step + kernel;
  constexpr std::size_t end = std::max(loaded, used);
  float line[end];  // a row of windows, joined along the height, with its padding
  if (__builtin_is_constant_evaluated())
    for (float& v : line) v = 0;
  for (std::size_t channel = 0; channel < G.channels; ++channel, x += G.height * G.width)
    for (std::size_t o = 0; o < G.out_height(); ++o, y += out) {
      const auto joined = [&](std::size_t i, std::size_t k) __attribute__((always_inline)) {
        const auto element = [&](std::size_t r) __attribute__((always_inline)) {
          W v = simd::load<W>(x + r * G.width + i);
          if constexpr (G.width % lanes != 0)
            if (i + lanes > G.width) v = simd::select_first(v, G.width - i);
          look(v, k);
          return v;
        };
        W v = element(G.rows().begin(o));
        for (std::size_t r = G.rows().begin(o) + 1; r < G.rows().end(o); ++r) v = join(v, element(r));
        return v;
      };
      if constexpr (kernel == 2 && step == 2 && from == 0) {
        for (std::size_t i = 0; i < out; i += lanes) {
          const W a = joined(2 * i, 0), b = 2 * i + lanes < G.width ? joined(2 * i + lanes, 1) : a;
          simd::store(finish(join(simd::evens(a, b), simd::odds(a, b))), y + i);
        }
      } else {
        for (std::size_t i = 0; i < G.width; i += lanes) simd::store(joined(i, i / lanes % 2), line + from + i);
        for (std::size_t i = 0; i < from; ++i) line[i] = outside;
        for (std::size_t i = from + G.width; i < end; ++i) line[i] = outside;
        if constexpr (step > 2) {
          for (std::size_t i = 0; i < out; ++i) {
            simd::portable<1> v(line[i * step]);
            for (std::size_t k = 1; k < kernel; ++k) v = join(v, simd::portable<1>(line[i * step + k]));
            y[i] = simd::sum(finish(v));
          }
        } else {
          for (std::size_t i = 0; i < out; i += lanes) {
            const auto under = [&](std::size_t k) __attribute__((always_inline)) {
              const float* const at = line + i * step + k;
              if constexpr (step == 1) return simd::load<W>(at);
              else return simd::evens(simd::load<W>(at), simd::load<W>(at + lanes));
            };
            W v = under(0);
            for (std::size_t k = 1; k < kernel; ++k) v = join(v, under(k));
            simd::store(finish(v), y + i);
          }
        }
      }
    }
}

/// y = finish(join of the elements under each window, in any order), samples in lanes W: columns of windows are joined
/// first, for all windows that share them. look(v) is told the sum of all elements under each row of windows.
/// @pre every window holds an element
template <window_geometry G, simd::float_lane W, class Join, class Finish, class Look>
constexpr void pool_of_samples(const W* x, W* y, Join join, Finish finish, Look look) {
  constexpr window_axis rows = G.rows(), columns = G.columns();
  // f(the number of positions of a window): a constant where the window is not cut off
  const auto with_count = []<std::size_t Whole>(std::size_t count, std::integral_constant<std::size_t, Whole> whole,
                                                auto&& f) __attribute__((always_inline)) {
    if (count == Whole) f(whole);
    else f(count);
  };
  W line[G.width];
  for (std::size_t channel = 0; channel < G.channels; ++channel, x += G.height * G.width)
    for (std::size_t o = 0; o < G.out_height(); ++o, y += G.out_width()) {
      const W* const top = x + rows.begin(o) * G.width;
      W seen(0.0f);
      with_count(rows.end(o) - rows.begin(o), std::integral_constant<std::size_t, G.kernel_height>{},
                 [&](auto height) __attribute__((always_inline)) {
                   for (std::size_t i = 0; i < G.width; ++i) {
                     W v = top[i], sum = v;
                     for (std::size_t r = 1; r < height; ++r) {
                       const W other = top[r * G.width + i];
                       v = join(v, other), sum = sum + other;
                     }
                     line[i] = v, seen = seen + sum;
                   }
                 });
      look(seen);
      for (std::size_t window = 0; window < G.out_width(); ++window) {
        const W* const first = line + columns.begin(window);
        with_count(columns.end(window) - columns.begin(window), std::integral_constant<std::size_t, G.kernel_width>{},
                   [&](auto width) __attribute__((always_inline)) {
                     W v = first[0];
                     for (std::size_t i = 1; i < width; ++i) v = join(v, first[i]);
                     y[window] = finish(v);
                   });
      }
    }
}

}  // namespace taut
