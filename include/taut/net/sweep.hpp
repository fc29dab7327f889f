// SPDX-License-Identifier: Apache-2.0
// Blocks of neighbouring elements, for kernels that hold the elements of one sample, not samples, in their lanes.
//
//   for_each_block<4, 11>([](std::size_t i, std::size_t n) { ... });        // (0, 4), (4, 4), (8, 3)
//   for_each_whole_block<4, 11>([](std::size_t i) { ... });                 // 0, 4, 7
#pragma once
#include <cstddef>

namespace taut {

/// visit(i, n) for blocks of `width` neighbours from i on, of which the first n exist: n < width in the last one only.
template <std::size_t Width, std::size_t Size, class Visit>
[[gnu::always_inline]] constexpr void for_each_block(Visit visit) {
  for (std::size_t i = 0; i < Size / Width * Width; i += Width) visit(i, Width);
  if constexpr (Size % Width != 0) visit(Size / Width * Width, Size % Width);
}

/// visit(i) for blocks of `width` neighbours from i on that cover `Size` elements; the last may overlap the one before.
template <std::size_t Width, std::size_t Size, class Visit>
  requires(Size >= Width)
[[gnu::always_inline]] constexpr void for_each_whole_block(Visit visit) {
  for (std::size_t i = 0; i < Size / Width * Width; i += Width) visit(i);
  if constexpr (Size % Width != 0) visit(Size - Width);
}

}  // namespace taut
