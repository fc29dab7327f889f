// SPDX-License-Identifier: Apache-2.0
// A small random stream whose numbers are the same on every machine and in constant expressions (SplitMix64: Steele,
// Lea, Flood 2014). Not for cryptography.
//
//   random_stream r(seed);  r.uniform();  r.normal();  r.below(10);
#pragma once
#include <cstddef>
#include <cstdint>

namespace taut::base {

/// A stream of pseudo-random numbers determined by its seed.
class random_stream {
 public:
  constexpr explicit random_stream(std::uint64_t seed) : state(seed) {}

  /// 64 random bits.
  constexpr std::uint64_t next() {
    std::uint64_t z = (state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  /// A real number in [0, 1) with 53 random bits.
  constexpr double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }
  /// A real number in [lower, upper).
  constexpr double uniform(double lower, double upper) { return lower + (upper - lower) * uniform(); }
  /// Nearly standard normal: the sum of twelve uniform numbers less six. No library function, so every bit is portable.
  constexpr double normal() {
    double sum = -6;
    for (int i = 0; i < 12; ++i) sum += uniform();
    return sum;
  }
  /// A whole number in [0, bound); the bias is below 2^-32 for bounds below 2^32.
  constexpr std::size_t below(std::size_t bound) { return static_cast<std::size_t>(next() % bound); }

  /// A random permutation of [first, last) (Fisher-Yates).
  template <class Iterator> constexpr void shuffle(Iterator first, Iterator last) {
    for (auto n = last - first; n > 1; --n) {
      const auto other = static_cast<decltype(n)>(below(static_cast<std::size_t>(n)));
      auto held = first[n - 1];
      first[n - 1] = first[other];
      first[other] = held;
    }
  }

 private:
  std::uint64_t state;
};

}  // namespace taut::base
