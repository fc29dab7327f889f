// SPDX-License-Identifier: Apache-2.0
//
// y = W x + b in integers: bytes times bytes, summed in 32 bits, exactly, so that every layout and every processor
// gives the same sums. Four rows are summed at once. Cortex-M4 and M7 multiply two halves at a time: activations are
// widened when they are written, bytes of weights when they are used (18 instructions for 16 products). Processors with
// vectors of bytes take sixteen at once. Example:
//   using kernel = integer_matvec<32, 64>;
//   kernel::apply(w, x, b, [&](std::size_t first, auto k, std::int32_t sum) { y[first + k] = sum; });
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <taut/simd/integer.hpp>
#include <type_traits>
#include <utility>

namespace taut::simd {

namespace detail {

/// What weights and activations are stored in, and how many columns are multiplied together.
template <bool InVectors> struct byte_layout {
  using weight = std::conditional_t<InVectors, std::int8_t, std::uint32_t>;
  using activation = std::conditional_t<InVectors, std::int8_t, std::int16_t>;
  static constexpr std::size_t beside = InVectors ? 16 : 4, weights = InVectors ? 16 : 1;
};
struct four_sums {
  std::int32_t at[4];
};

// Two activations as one word.
[[gnu::always_inline]] constexpr std::uint32_t pair_of(const std::int16_t* x) {
  if (__builtin_is_constant_evaluated())
    return static_cast<std::uint16_t>(x[0]) | static_cast<std::uint32_t>(static_cast<std::uint16_t>(x[1])) << 16;
  std::uint32_t word;
  __builtin_memcpy(&word, __builtin_assume_aligned(x, 4), sizeof word);
  return word;
}

// The sums of four rows. One function for all matrices: it is short, and within others its sums would not stay in
// registers.
template <bool InVectors>
[[gnu::noinline]] constexpr void add_four_rows(const typename byte_layout<InVectors>::weight* w,
                                               const typename byte_layout<InVectors>::activation* x,
                                               const typename byte_layout<InVectors>::activation* end,
                                               const std::int32_t* bias, four_sums& sums) {
  std::int32_t a = bias[0], b = bias[1], c = bias[2], d = bias[3];
#if defined(__ARM_FEATURE_MVE)
  if constexpr (InVectors) {
    if (!__builtin_is_constant_evaluated()) {
      for (; x != end; x += 16, w += 64) {
        const int8x16_t in = vldrbq_s8(x);
        a = vmladavaq_s8(a, vldrbq_s8(w), in), b = vmladavaq_s8(b, vldrbq_s8(w + 16), in);
        c = vmladavaq_s8(c, vldrbq_s8(w + 32), in), d = vmladavaq_s8(d, vldrbq_s8(w + 48), in);
      }
      sums = {{a, b, c, d}};
      return;
    }
  }
#endif
#pragma GCC unroll 1
  do {
    if constexpr (InVectors) {
      for (std::size_t i = 0; i < 16; ++i)
        a += w[i] * x[i], b += w[16 + i] * x[i], c += w[32 + i] * x[i], d += w[48 + i] * x[i];
    } else {
      const std::uint32_t even = pair_of(x), odd = pair_of(x + 2);
      a = add_products(w[0], even, odd, a), b = add_products(w[1], even, odd, b);
      c = add_products(w[2], even, odd, c), d = add_products(w[3], even, odd, d);
    }
    x += byte_layout<InVectors>::beside, w += 4 * byte_layout<InVectors>::weights;
  } while (x != end);
  sums = {{a, b, c, d}};
}

}  // namespace detail

/// The product of a Rows x Cols matrix of bytes with a vector of bytes. No sum may leave 32 bits.
template <std::size_t Rows, std::size_t Cols, bool InVectors = target_has_byte_vectors> struct integer_matvec {
  static_assert(Rows > 0 && Cols > 0 && Cols < 100'000);
  /// What weights and activations are stored in.
  using weight = typename detail::byte_layout<InVectors>::weight;
  using activation = typename detail::byte_layout<InVectors>::activation;
  /// Columns that are multiplied together, and columns with their padding: its weights are 0, its activations are not
  /// looked at otherwise.
  static constexpr std::size_t beside = detail::byte_layout<InVectors>::beside;
  static constexpr std::size_t padded = ceil_div(Cols, beside) * beside;
  /// Rows with their padding, also that of biases; and stored weights.
  static constexpr std::size_t padded_rows = ceil_div(Rows, 4) * 4;
  static constexpr std::size_t size = padded_rows * padded / (InVectors ? 1 : 4);
  /// Words or vectors of weights and activations that are loaded, and biases and sums.
  static constexpr std::size_t loads = padded_rows / 4 * (padded / beside * (InVectors ? 5 : 6)) + padded_rows + Rows;

  /// Where activation k of a group of four is: 0 and 2 are neighbours, and 1 and 3.
  static constexpr std::size_t place(std::size_t k) { return InVectors ? k : (k & 1) << 1 | k >> 1; }
  /// f(first, k) for all i = first + k < Count, k a constant below 4: a loop over groups of four.
  template <std::size_t Count, class F> [[gnu::always_inline]] static constexpr void in_fours(F&& f) {
    constexpr std::size_t whole = Count / 4 * 4;
    if constexpr (whole > 0) {
      std::size_t first = 0;
      if (!__builtin_is_constant_evaluated()) asm("" : "+r"(first));  // g++ 12 would write the groups out
      do {
        repeat<4>([&](auto k) __attribute__((always_inline)) { f(first, k); });
        first += 4;
      } while (first != whole);
    }
    repeat<Count % 4>([&](auto k) __attribute__((always_inline)) { f(whole, k); });
  }
  /// Packs a row-major matrix. Few operations, since compilers count them in constant expressions.
  static constexpr void pack(const std::int8_t* row_major, weight* out) {
    for (std::size_t first = 0; first < Rows; first += 4)
      for (std::size_t column = 0; column < padded; column += beside)
        for (std::size_t row = first; row < first + 4; ++row) {
          const std::size_t left = row < Rows ? (Cols - column < beside ? Cols - column : beside) : 0;
          const std::int8_t* const w = left > 0 ? row_major + row * Cols + column : nullptr;
          if constexpr (InVectors) {
            for (std::size_t c = 0; c < beside; ++c) *out++ = c < left ? w[c] : std::int8_t{0};
          } else {
            std::uint32_t word = left > 0 ? byte(w[0]) : 0;
            if (left > 1) word |= byte(w[1]) << 8;
            if (left > 2) word |= byte(w[2]) << 16;
            if (left > 3) word |= byte(w[3]) << 24;
            *out++ = word;
          }
        }
  }

  /// epilogue(first, k, sum) for each row = first + k in order, k a constant below 4. @pre w is packed, bias has
  /// `padded_rows` numbers, x holds `padded` activations, aligned to 4 bytes (16 in vectors).
  template <class Epilogue> [[gnu::always_inline]] static constexpr void apply(const weight* w, const activation* x,
                                                                               const std::int32_t* bias,
                                                                               Epilogue&& epilogue) {
    detail::four_sums sums;
    if (__builtin_is_constant_evaluated()) sums = {};
    in_fours<Rows>([&](std::size_t first, auto k) __attribute__((always_inline)) {
      if constexpr (k == 0) {
        detail::add_four_rows<InVectors>(w, x, x + padded, bias + first, sums);
        w += padded * detail::byte_layout<InVectors>::weights * 4 / beside;
      }
      epilogue(first, k, sums.at[k]);
    });
  }

 private:
  static constexpr std::uint32_t byte(std::int8_t v) { return static_cast<std::uint8_t>(v); }
  template <std::size_t N, class F> [[gnu::always_inline]] static constexpr void repeat(F&& f) {
    [&]<std::size_t... I>(std::index_sequence<I...>) __attribute__((always_inline)) {
      (f(std::integral_constant<std::size_t, I>{}), ...);
    }(std::make_index_sequence<N>{});
  }
};

}  // namespace taut::simd
