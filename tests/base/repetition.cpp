// SPDX-License-Identifier: Apache-2.0
// Sequences as stretches that repeat: the example of the header, and what holds for any sequence.
#include <string_view>
#include <taut/base/random.hpp>
#include <taut/base/repetition.hpp>

#include "support/catch.hpp"

namespace {

using namespace taut::base;

template <std::size_t N> constexpr auto stretches(const char (&text)[N]) {
  return repetitions_of<N - 1>([&](std::size_t i, std::size_t j) { return text[i] == text[j]; });
}

constexpr auto example = stretches("abccacacd");
static_assert(example.count == 4);
static_assert(example.at[0] == repetition{0, 2, 1} && example.at[1] == repetition{2, 1, 2});
static_assert(example.at[2] == repetition{4, 2, 2} && example.at[3] == repetition{8, 1, 1});
static_assert(example.place(5) == place_in_repetitions{2, 0, 1} && example.place(7) == place_in_repetitions{2, 1, 1});
static_assert(example.repeated() == std::array<std::size_t, 9>{0, 1, 2, 2, 4, 5, 4, 5, 8});
static_assert(stretches("").count == 0);
static_assert(stretches("a").at[0] == repetition{0, 1, 1} && stretches("aaaa").at[0] == repetition{0, 1, 4});
static_assert(stretches("abcabcabcabd").at[0] == repetition{0, 3, 3} && stretches("abcabcabcabd").count == 2);
static_assert(stretches("0123456789abcdef0123456789abcdef").at[0] == repetition{0, 16, 2});
static_assert(stretches("0123456789abcdefg0123456789abcdefg").at[0] == repetition{0, 34, 1}, "too long a period");

}  // namespace

TEST_CASE("base.repetition: stretches have no gap, turns are equal, and every item has its place") {
  random_stream random(5);
  for (int trial = 0; trial < 200; ++trial) {
    constexpr std::size_t items = 40;
    const std::size_t kinds = 1 + random.next() % 3;
    std::array<std::size_t, items> item{};
    for (std::size_t i = 0; i < items; ++i)
      item[i] = random.next() % 4 != 0 && i > 2 ? item[i - 2] : random.next() % kinds;
    const auto found = repetitions_of<items>([&](std::size_t i, std::size_t j) { return item[i] == item[j]; });
    std::size_t next = 0;
    for (std::size_t s = 0; s < found.count; ++s) {
      const repetition& here = found.at[s];
      REQUIRE((here.first == next && here.period > 0 && here.count > 0));
      next = here.end();
      for (std::size_t i = here.first; i + here.period < here.end(); ++i) CHECK(item[i] == item[i + here.period]);
    }
    CHECK(next == items);
    for (std::size_t i = 0; i < items; ++i) {
      const place_in_repetitions at = found.place(i);
      const repetition& here = found.at[at.stretch];
      CHECK((at.turn < here.count && at.position < here.period));
      CHECK(here.first + at.turn * here.period + at.position == i);
    }
  }
}
