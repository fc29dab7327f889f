// SPDX-License-Identifier: Apache-2.0
// The one door to Catch2: version 2 as Debian 12 packages it, or version 3.
// Example: #include "support/catch.hpp" then TEST_CASE("base.text: ...") { REQUIRE(1.0 == Approx(1.0)); }
#pragma once
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
using Catch::Approx;
#else
#include <catch2/catch.hpp>
#endif

#include <string>

namespace taut::tests {

/// The matcher "contains this text" under one name: Contains in version 2, ContainsSubstring in version 3.
inline auto contains(const std::string& text) {
#if __has_include(<catch2/catch_all.hpp>)
  return Catch::Matchers::ContainsSubstring(text);
#else
  return Catch::Matchers::Contains(text);
#endif
}

}  // namespace taut::tests
