// SPDX-License-Identifier: Apache-2.0
// A sequence as stretches that repeat: a b c c a c a c d  ->  (a b) (c) x 2 (a c) x 2 (d). What is equal is stored as one array,
// compiled once and run as a loop, so a network of 256 equal blocks costs the compiler what one block costs.
//
//   constexpr auto s = repetitions_of<9>([&](std::size_t i, std::size_t j) { return items[i] == items[j]; });
//   s.at[1]  is  {.first = 2, .period = 1, .count = 2};   s.place(5)  is  {.stretch = 2, .turn = 0, .position = 1}
#pragma once
#include <array>
#include <cstddef>

namespace taut::base {

/// `count` turns of `period` items, from item `first` on.
struct repetition {
  std::size_t first = 0, period = 0, count = 0;

  /// The item behind the last turn.
  [[nodiscard]] constexpr std::size_t end() const { return first + period * count; }
  constexpr bool operator==(const repetition&) const = default;
};

/// Where an item is: in which stretch, in which turn of it, and at which position of the turn.
struct place_in_repetitions {
  std::size_t stretch = 0, turn = 0, position = 0;
  constexpr bool operator==(const place_in_repetitions&) const = default;
};

/// Stretches that follow each other without a gap, `count` of them.
template <std::size_t Items> struct repetitions {
  std::array<repetition, Items> at{};
  std::size_t count = 0;

  /// The place of an item. @post at[stretch].first + turn * at[stretch].period + position == item
  [[nodiscard]] constexpr place_in_repetitions place(std::size_t item) const {
    std::size_t s = 0;
    while (at[s].end() <= item) ++s;
    const std::size_t behind = item - at[s].first;
    return {s, behind / at[s].period, behind % at[s].period};
  }
  /// For each item the one in the first turn that it repeats.
  [[nodiscard]] constexpr std::array<std::size_t, Items> repeated() const {
    std::array<std::size_t, Items> first{};
    for (std::size_t s = 0; s < count; ++s)
      for (std::size_t i = at[s].first; i < at[s].end(); ++i) first[i] = at[s].first + (i - at[s].first) % at[s].period;
    return first;
  }
};

/// The stretches of a sequence in which items i and j are the same if equal(i, j). From each item on, the shortest turns
/// that cover more than half of the rest, else those of at most 16 items that cover most; what does not repeat is one
/// stretch with one turn.
/// @post equal(i, i + period) within a stretch, but for its last turn
template <std::size_t Items, class Equal> constexpr repetitions<Items> repetitions_of(const Equal& equal) {
  repetitions<Items> found;
  std::size_t alone = 0;  // items before i that do not repeat
  const auto put = [&found](const repetition& r) {
    if (r.period > 0) found.at[found.count++] = r;
  };
  std::size_t i = 0;
  while (i < Items) {
    repetition best;
    for (std::size_t period = 1; period <= 16 && i + 2 * period <= Items && 2 * best.end() <= Items + i; ++period) {
      std::size_t end = i + period;
      while (end < Items && equal(end - period, end)) ++end;
      const repetition here{i, period, (end - i) / period};
      if (here.count > 1 && here.end() > best.end()) best = here;
    }
    if (best.count == 0) {
      ++alone, ++i;
    } else {
      put({i - alone, alone, 1});
      put(best);
      alone = 0, i = best.end();
    }
  }
  put({i - alone, alone, 1});
  return found;
}

}  // namespace taut::base
