// SPDX-License-Identifier: Apache-2.0
#include <string_view>
#include <taut/base/error.hpp>

#include "support/catch.hpp"

namespace {

using namespace taut::base;

template <phrase P> constexpr std::string_view said = P.characters;

constexpr auto greeting = phrase_of<say("layer 2, Linear<32>")>();
static_assert(sizeof greeting == 20 && said<greeting> == "layer 2, Linear<32>");  // exact size, with its zero
constexpr auto empty = phrase_of<say()>();
static_assert(sizeof empty == 1 && empty.characters[0] == 0);
constexpr auto longest = phrase_of<say("123456789012345678901234567890123456")>();
static_assert(sizeof longest == longest_phrase + 1 && said<longest> == "123456789012345678901234567890123456");
constexpr auto cut = phrase_of<say("1234567890123456789012345678901234567")>();
static_assert(sizeof cut == longest_phrase + 1 && said<cut> == "1234567890123456789012345678901234..");

template <phrase... Sentence> struct sentence {};
static_assert(std::is_same_v<sentence<greeting>, sentence<phrase_of<say("layer ", 2, ", Linear<32>")>()>>);
static_assert(!std::is_same_v<sentence<greeting>, sentence<empty>>);

}  // namespace

TEST_CASE("base.error: every phrase of the library's errors is read in full") {
  CHECK(greeting.characters[19] == 0);
  CHECK(longest.characters[longest_phrase] == 0);
}
