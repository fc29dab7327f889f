// SPDX-License-Identifier: Apache-2.0
// One version: the header's is the project's.
#include <fstream>
#include <iterator>
#include <taut/base/version.hpp>

#include "support/precompiled.hpp"

TEST_CASE("base.version: that of the project") {
  std::ifstream file(TAUT_TEST_DATA "/../../CMakeLists.txt");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  CHECK_THAT(text, taut::tests::contains("project(taut VERSION " + std::string(taut::library_version) + " "));
}
