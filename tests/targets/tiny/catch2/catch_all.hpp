// SPDX-License-Identifier: Apache-2.0
// As much of Catch2 as the tests of kernels and engines say, for a target without exceptions and files (WebAssembly).
#pragma once
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <initializer_list>
#include <string>

namespace Catch {

/// Equal up to a relative and an absolute difference.
struct Approx {
  double value, relative = 1.2e-5, absolute = 0;
  explicit Approx(double v) : value(v) {}
  Approx& epsilon(double e) { return relative = e, *this; }
  Approx& margin(double m) { return absolute = m, *this; }
  friend bool operator==(double x, const Approx& a) {
    return std::fabs(x - a.value) <= a.absolute || std::fabs(x - a.value) <= a.relative * std::fabs(a.value);
  }
};

namespace Matchers {
inline std::string ContainsSubstring(const std::string& text) { return text; }
}  // namespace Matchers

/// The tests, and what became of them.
struct Session {
  struct test {
    const char* name;
    void (*run)();
    test* next;
    test(const char* named, void (*runs)()) : name(named), run(runs), next(first) { first = this; }
  };
  static inline test* first = nullptr;
  static inline const char* current = "";
  static inline std::size_t checks = 0, failures = 0;

  static void check(bool holds, const char* text, const char* file, int line) {
    ++checks;
    if (holds) return;
    if (++failures <= 20) std::printf("%s:%d: %s: not %s\n", file, line, current, text);
  }
  int applyCommandLine(int, char**) { return 0; }
  int run() {
    std::size_t cases = 0;
    for (const test* t = first; t != nullptr; t = t->next, ++cases) current = t->name, t->run();
    if (failures == 0 && cases > 0) std::printf("All tests passed (%zu assertions in %zu test cases)\n", checks, cases);
    else std::printf("%zu of %zu assertions failed in %zu test cases\n", failures, checks, cases);
    return failures == 0 && cases > 0 ? 0 : 1;
  }
};

}  // namespace Catch

#define TAUT_TINY_JOIN(a, b) a##b
#define TAUT_TINY_NAME(a, b) TAUT_TINY_JOIN(a, b)
#define TAUT_TINY_TEST(function, name)                                      \
  static void function();                                                   \
  static Catch::Session::test TAUT_TINY_JOIN(function, _)(name, &function); \
  static void function()
#define TEST_CASE(name) TAUT_TINY_TEST(TAUT_TINY_NAME(taut_tiny_test_, __LINE__), name)
#define CHECK(...) Catch::Session::check(static_cast<bool>(__VA_ARGS__), #__VA_ARGS__, __FILE__, __LINE__)
#define CHECK_FALSE(...) \
  Catch::Session::check(!static_cast<bool>(__VA_ARGS__), "!(" #__VA_ARGS__ ")", __FILE__, __LINE__)
#define REQUIRE(...) CHECK(__VA_ARGS__)
#define CAPTURE(...) static_cast<void>(0)
#define INFO(...) static_cast<void>(0)
