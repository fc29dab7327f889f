// SPDX-License-Identifier: Apache-2.0
// Shapes of activations (rank 1 to 3) and of tensors (rank 0 to 4), as values.
//
//   shape{8, 32}.size() == 256;   shape{8, 32}.name() is "8x32";   channels come first
#pragma once
#include <array>
#include <cstddef>
#include <taut/base/text.hpp>

namespace taut {

/// The extents of an array, outermost first: features; channels x length; channels x height x width. Rank 0 is a
/// scalar.
struct shape {
  std::size_t extent[4]{1, 1, 1, 1};  ///< extents beyond the rank are 1
  std::size_t rank = 0;

  constexpr shape() = default;
  constexpr explicit shape(std::size_t a) : extent{a, 1, 1, 1}, rank(1) {}
  constexpr shape(std::size_t a, std::size_t b) : extent{a, b, 1, 1}, rank(2) {}
  constexpr shape(std::size_t a, std::size_t b, std::size_t c) : extent{a, b, c, 1}, rank(3) {}
  constexpr shape(std::size_t a, std::size_t b, std::size_t c, std::size_t d) : extent{a, b, c, d}, rank(4) {}

  /// Number of elements.
  [[nodiscard]] constexpr std::size_t size() const { return extent[0] * extent[1] * extent[2] * extent[3]; }
  /// Features of a vector, channels of a signal or image.
  [[nodiscard]] constexpr std::size_t channels() const { return extent[0]; }
  /// Positions a channel has: 1 for a vector.
  [[nodiscard]] constexpr std::size_t positions() const { return size() / channels(); }
  constexpr bool operator==(const shape&) const = default;

  /// "64", "8x32", "3x8x8"; "scalar" for rank 0.
  [[nodiscard]] constexpr base::words name() const {
    base::words w;
    if (rank == 0) w += "scalar";
    for (std::size_t i = 0; i < rank; ++i) {
      if (i != 0) w += "x";
      w += extent[i];
    }
    return w;
  }
};

}  // namespace taut
