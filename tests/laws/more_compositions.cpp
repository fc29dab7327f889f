// SPDX-License-Identifier: Apache-2.0
// More random networks than compositions.cpp has time for: the part clang-all runs them.
#include "laws/compositions.hpp"

TEST_CASE("laws.more_compositions: more random networks run as evaluate does, in every lane") {
  taut::tests::check_compositions<7>(std::make_integer_sequence<std::uint64_t, 9>{});
}
