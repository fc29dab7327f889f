// SPDX-License-Identifier: Apache-2.0
// Augmentation: what is trained on instead of a sample, drawn anew each time the sample is visited.
//
//   fit(p, train, batch<64>{}, {.augment = shifted(28, 28, 1)});    // images moved by up to one pixel
//
// Any function of this type serves: it fills `into` from `sample`, both of the network's input size, and may draw from
// `random`, a stream that depends on fit_options::seed alone and that nothing else draws from.
#pragma once
#include <algorithm>
#include <cstddef>
#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <taut/base/random.hpp>

namespace taut {

/// Fills a training sample from one of the data; empty: samples are trained on as they are.
using augmentation = std::function<void(std::span<const float> sample, std::span<float> into, base::random_stream&)>;

namespace base {

/// Each image of height x width moved by `down` and `right` pixels; what moves in is 0.
/// @pre from.size() == into.size(), a multiple of height * width: channels are neighbours, each one image
inline void shift_images(std::span<const float> from, std::span<float> into, std::ptrdiff_t height,
                         std::ptrdiff_t width, std::ptrdiff_t down, std::ptrdiff_t right) {
  const auto lines = static_cast<std::ptrdiff_t>(into.size()) / width;
  const std::ptrdiff_t first = std::clamp<std::ptrdiff_t>(right, 0, width), last = std::min(width, width + right);
  std::ranges::fill(into, 0.0f);
  for (std::ptrdiff_t line = 0; line < lines; ++line) {
    const std::ptrdiff_t row = line % height - down;
    if (row < 0 || row >= height) continue;
    for (std::ptrdiff_t at = first; at < last; ++at)
      into[static_cast<std::size_t>(line * width + at)] =
          from[static_cast<std::size_t>((line - down) * width + at - right)];
  }
}

}  // namespace base

/// Images of height x width, moved by a whole number of pixels in [-most, most] in each direction; what moves in is 0.
[[nodiscard]] inline augmentation shifted(std::size_t height, std::size_t width, std::size_t most) {
  return [=](std::span<const float> sample, std::span<float> into, base::random_stream& random) {
    if (height * width == 0 || sample.size() % (height * width) != 0)
      throw std::invalid_argument("a sample of " + std::to_string(sample.size()) + " features is no image of " +
                                  std::to_string(height) + " x " + std::to_string(width) + " pixels");
    const auto draw = [&] {
      return static_cast<std::ptrdiff_t>(random.below(2 * most + 1)) - static_cast<std::ptrdiff_t>(most);
    };
    const std::ptrdiff_t down = draw(), right = draw();
    base::shift_images(sample, into, static_cast<std::ptrdiff_t>(height), static_cast<std::ptrdiff_t>(width), down,
                       right);
  };
}

}  // namespace taut
