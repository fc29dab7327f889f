// SPDX-License-Identifier: Apache-2.0
#include "support/catch.hpp"

#define OUT 3
#define max(a, b) (((a) > (b)) ? (a) : (b))
#include <taut/base/macros_aside.hpp>
#ifdef OUT
#error macros_aside.hpp has left a macro
#endif
#define OUT 4
#define interface struct
#include <taut/base/macros_back.hpp>

#ifdef interface
#error macros_back.hpp has left a macro that was not there before
#endif
static_assert(OUT == 3 && max(1, 2) == 2);

TEST_CASE("base.macros_back: macros are as they were") { CHECK(max(OUT, 2) == 3); }
