// SPDX-License-Identifier: Apache-2.0
// What compiled this: compiler, language, flags that change arithmetic, the registers in use. Known from macros, so it
// speaks of the translation unit that asks, and depends on nothing else.
#pragma once
#include <cstdint>
#include <string>
#include <taut/embed/document.hpp>
#include <taut/simd/lane.hpp>
#include <vector>

namespace taut {

namespace written {

/// The compiler and its version.
inline std::string compiler() {
#if defined(__clang__)
  return "clang " __clang_version__;
#elif defined(__GNUC__)
  return "g++ " __VERSION__;
#elif defined(_MSC_VER)
  return "Visual C++ " + std::to_string(_MSC_FULL_VER);
#else
  return "unknown";
#endif
}

/// The flags that change what floating-point arithmetic gives or what is checked, as far as macros tell.
inline std::vector<std::string> flags() {
  std::vector<std::string> found;
#if defined(__OPTIMIZE__)
  found.emplace_back("optimized");
#endif
#if defined(__FAST_MATH__)
  found.emplace_back("-ffast-math");
#endif
#if defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__ > 0
  found.emplace_back("-ffinite-math-only");
#endif
#if defined(__SANITIZE_ADDRESS__)
  found.emplace_back("-fsanitize=address");
#endif
#if defined(NDEBUG)
  found.emplace_back("-DNDEBUG");
#endif
#if defined(__AVX512F__)
  found.emplace_back("AVX-512");
#elif defined(__AVX__)
  found.emplace_back("AVX");
#elif defined(__SSE2__)
  found.emplace_back("SSE2");
#endif
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
  found.emplace_back("fused multiply-add");
#endif
#if defined(__ARM_NEON)
  found.emplace_back("NEON");
#endif
  return found;
}

}  // namespace written

/// The toolchain as a section of a report.
[[nodiscard]] inline document_section toolchain_section() {
  std::string flags;
  for (const std::string& flag : written::flags()) flags += (flags.empty() ? "" : ", ") + flag;
  document_section s{"toolchain", "Compiler and flags"};
  s.facts = {{"compiler", "compiler", written::compiler()},
             {"language", "language", "C++ " + std::to_string(__cplusplus)},
             {"flags", "flags that macros tell", flags.empty() ? std::string("none") : flags},
             {"lanes", "floats in a register", std::uint64_t{simd::width<simd::native>}}};
  s.notes = {
      "Of the program that wrote this. Proofs do not depend on flags: rounding outward is behind a barrier that "
      "the optimizer cannot see through, and error constants cover sums in any order, contraction, reciprocals "
      "and flushed subnormal numbers."};
  return s;
}

}  // namespace taut
