// SPDX-License-Identifier: Apache-2.0
// SHA-256 (FIPS 180-4), in constant expressions too, and the fingerprint of weights.
//
//   sha256_digits("abc")      // ba7816bf ... 15ad
//   fingerprint(p)            // of the bytes of all tensors in file order: for each its name, a zero byte, its values
//
// Values are little-endian, float32 or int64, as safetensors files hold them, whatever the machine.
#pragma once
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <taut/net/network.hpp>
#include <taut/net/parameters.hpp>
#include <type_traits>

namespace taut {

/// A hash under construction.
class sha256 {
 public:
  /// Appends one byte.
  constexpr void put(std::uint8_t byte) {
    block[length++ % 64] = byte;
    if (length % 64 == 0) compress();
  }
  /// Appends the characters of a text.
  constexpr void put(std::string_view text) {
    for (const char c : text) put(static_cast<std::uint8_t>(c));
  }
  /// Appends the bytes of a word, lowest first.
  template <class Word>
    requires std::is_unsigned_v<Word>
  constexpr void put_word(Word word) {
    for (std::size_t i = 0; i < sizeof word; ++i) put(static_cast<std::uint8_t>(word >> 8 * i));
  }

  /// The hash of what was put, as 64 hexadecimal digits. Afterwards nothing may be put.
  [[nodiscard]] constexpr std::array<char, 64> digits() {
    const std::uint64_t bits = length * 8;
    put(0x80);
    while (length % 64 != 56) put(0);
    for (int i = 56; i >= 0; i -= 8) put(static_cast<std::uint8_t>(bits >> i));
    std::array<char, 64> text{};
    for (std::size_t i = 0; i < 64; ++i) text[i] = "0123456789abcdef"[state[i / 8] >> (28 - 4 * (i % 8)) & 15];
    return text;
  }

 private:
  static constexpr std::uint32_t constants[64] = {
      0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
      0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
      0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
      0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
      0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
      0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
      0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
      0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

  constexpr void compress() {
    std::uint32_t w[64]{};
    for (std::size_t i = 0; i < 64; ++i) w[i / 4] = w[i / 4] << 8 | block[i];
    for (std::size_t i = 16; i < 64; ++i) {
      const std::uint32_t a = w[i - 15], b = w[i - 2];
      w[i] = w[i - 16] + (std::rotr(a, 7) ^ std::rotr(a, 18) ^ a >> 3) + w[i - 7] +
             (std::rotr(b, 17) ^ std::rotr(b, 19) ^ b >> 10);
    }
    std::array<std::uint32_t, 8> s = state;
    for (std::size_t i = 0; i < 64; ++i) {
      const std::uint32_t mixed = std::rotr(s[4], 6) ^ std::rotr(s[4], 11) ^ std::rotr(s[4], 25);
      const std::uint32_t chosen = (s[4] & s[5]) ^ (~s[4] & s[6]), most = (s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]);
      const std::uint32_t one = s[7] + mixed + chosen + constants[i] + w[i];
      const std::uint32_t two = (std::rotr(s[0], 2) ^ std::rotr(s[0], 13) ^ std::rotr(s[0], 22)) + most;
      s = {one + two, s[0], s[1], s[2], s[3] + one, s[4], s[5], s[6]};
    }
    for (std::size_t i = 0; i < 8; ++i) state[i] += s[i];
  }

  std::array<std::uint32_t, 8> state{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                     0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<std::uint8_t, 64> block{};
  std::uint64_t length = 0;
};

/// The SHA-256 of a text in hexadecimal digits.
[[nodiscard]] constexpr std::array<char, 64> sha256_digits(std::string_view text) {
  sha256 hash;
  hash.put(text);
  return hash.digits();
}

/// The SHA-256 of all tensors: for each, in file order, its name, a zero byte and its values, little-endian. The same
/// on every machine; -0 and 0 differ.
template <Network Net> [[nodiscard]] std::string fingerprint(const parameters<Net>& p) {
  sha256 hash;
  for_each_tensor(p, [&hash](std::string_view name, const shape&, auto values) {
    hash.put(name);
    hash.put(std::uint8_t{0});
    for (const auto v : values) {
      if constexpr (std::is_same_v<std::remove_cvref_t<decltype(v)>, float>)
        hash.put_word(std::bit_cast<std::uint32_t>(v));
      else hash.put_word(static_cast<std::uint64_t>(v));
    }
  });
  const auto digits = hash.digits();
  return {digits.begin(), digits.end()};
}

}  // namespace taut
