// SPDX-License-Identifier: Apache-2.0
#include "support/catch.hpp"

#define min(a, b) (((a) < (b)) ? (a) : (b))
#define max(a, b) (((a) > (b)) ? (a) : (b))
#define IN of windows
#define I of complex
#include <taut/base/macros_aside.hpp>
namespace {
template <int I> constexpr int min(int IN) { return I + IN; }
#include <taut/base/macros_aside.hpp>
constexpr int max(int OUT) { return OUT; }
#include <taut/base/macros_back.hpp>
static_assert(min<1>(2) == 3 && max(4) == 4, "a pair inside a pair keeps them aside");
}  // namespace
#include <taut/base/macros_back.hpp>

TEST_CASE("base.macros_aside: names are free, also behind a pair inside") {
  CHECK((min<2>)(3) == 5);
  CHECK((max)(6) == 6);
}
