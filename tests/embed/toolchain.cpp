// SPDX-License-Identifier: Apache-2.0
// The toolchain names this compiler and these flags.
#include <taut/embed/toolchain.hpp>

#include "support/precompiled.hpp"

TEST_CASE("embed.toolchain: this compiler, these flags") {
  using taut::tests::contains;
  const std::string text = taut::text_of({"t", {taut::toolchain_section()}});
#if defined(__clang__)
  CHECK_THAT(text, contains("clang " + std::to_string(__clang_major__)));
#elif defined(__GNUC__)
  CHECK_THAT(text, contains("g++ " + std::to_string(__GNUC__)));
#endif
  CHECK_THAT(text, contains("C++ " + std::to_string(__cplusplus)));
#if defined(__FAST_MATH__)
  CHECK_THAT(text, contains("-ffast-math"));
#else
  CHECK(text.find("-ffast-math") == std::string::npos);
#endif
  CHECK(text == taut::text_of({"t", {taut::toolchain_section()}}));
}
