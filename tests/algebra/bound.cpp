// SPDX-License-Identifier: Apache-2.0
#include <taut/algebra/bound.hpp>

#include "support/catch.hpp"

namespace {

using namespace taut;

constexpr auto first = base::phrase_of<base::say("layer 0, Linear<3>")>();
constexpr auto missing = base::phrase_of<base::say("declare at_most<c>")>();
using open = open_bound<first, missing>;

static_assert(is_closed<double> && is_closed<const double>);
static_assert(!is_closed<open> && !is_closed<const open>);

// An open bound is no number; the messages that its use gives are checked in tests/rejects.
static_assert(!std::is_convertible_v<open, double> && !std::is_constructible_v<double, open>);

}  // namespace

TEST_CASE("algebra.bound: an open bound carries its words in its type and weighs nothing") {
  STATIC_REQUIRE(std::is_empty_v<open>);
  CHECK(std::string_view(first.characters) == "layer 0, Linear<3>");
}
