// SPDX-License-Identifier: Apache-2.0
// Fused engines of random networks against each other and against the unfused reference in double.
#include "laws/compositions.hpp"

TEST_CASE("laws.compositions: random networks run as evaluate does, in every lane") {
  taut::tests::check_compositions<0>(std::make_integer_sequence<std::uint64_t, 7>{});
}
