// SPDX-License-Identifier: Apache-2.0
// An engine as words of 32 bits, as a header for firmware holds a large one: nothing is folded or packed by the
// compiler that includes it, which takes a second a hundred thousand weights and no more than default limits.
//
//   inline constexpr std::uint32_t words[6144] = {...};
//   inline constexpr auto engine = taut::from_words<taut::engine<Net, taut::float32<taut::simd::scalar>>>(words);
#pragma once
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace taut {

/// The engine that was written as these words, on a machine of the same byte order.
template <class Engine, std::size_t Count>
[[nodiscard]] constexpr Engine from_words(const std::uint32_t (&words)[Count]) {
  static_assert(sizeof(Engine) == sizeof words, "these words are no engine of this type: export it again");
  static_assert(std::is_trivially_copyable_v<Engine>);
  return __builtin_bit_cast(Engine, words);
}

}  // namespace taut
