// SPDX-License-Identifier: Apache-2.0
// What a Cortex-M program in QEMU, or under a debugger, tells the host: text and a status; and what it measures of
// itself, the deepest stack and the instructions of a call.
#pragma once
#include <cstddef>
#include <cstdint>

extern "C" std::uint32_t stack_top[], stack_limit[];  // of cortexm.ld

namespace semihosting {

inline int call(int operation, const void* argument) {
  register int r0 asm("r0") = operation;
  register const void* r1 asm("r1") = argument;
  asm volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}
inline void print(const char* text) { call(0x04, text); }
inline void print(std::uint32_t value) {
  char digits[11], *p = digits + 10;
  *p = 0;
  do *--p = static_cast<char>('0' + value % 10);
  while (value /= 10);
  print(p);
}
/// Ends with a status from 0 to 255.
[[noreturn]] inline void exit(int status) {
  const std::uint32_t block[]{0x20026u, static_cast<std::uint32_t>(status)};
  call(0x20, block);
  for (;;) {}
}

/// Bytes of stack that f() takes below its caller.
template <class F> [[gnu::noinline]] std::uint32_t stack(F&& f) {
  constexpr std::uint32_t paint = 0xDEADBEEFu;
  volatile std::uint32_t* here;
  asm volatile("mov %0, sp" : "=r"(here));
  for (volatile std::uint32_t* p = stack_limit; p < here; ++p) *p = paint;
  f();
  const volatile std::uint32_t* deepest = stack_limit;
  while (deepest < here && *deepest == paint) ++deepest;
  return static_cast<std::uint32_t>((here - deepest) * static_cast<std::ptrdiff_t>(sizeof(std::uint32_t)));
}

/// Instructions of f(). QEMU's -icount makes SysTick advance with them, at a speed that depends on the board: a loop of
/// known length tells. Without -icount the number means nothing.
template <class F> std::uint32_t instructions(F&& f) {
  const auto timer = [](std::uint32_t offset) -> volatile std::uint32_t& {
    return *reinterpret_cast<volatile std::uint32_t*>(0xE000E010u + offset);
  };
  const auto ticks = [&](auto&& work) {
    timer(0) = 0;
    timer(4) = 0xFFFFFFu;
    timer(8) = 0;
    timer(0) = 5;  // counts down from 2^24, by the processor's clock
    const std::uint32_t before = timer(8);
    work();
    return (before - timer(8)) & 0xFFFFFFu;
  };
  constexpr std::uint32_t turns = 50'000;
  const std::uint32_t none = ticks([] {});
  const std::uint32_t loop = ticks([] {
                               std::uint32_t left = turns;
                               asm volatile(".syntax unified\n 1: subs %0, #1\n bne 1b" : "+l"(left)::"cc");
                             }) -
                             none;
  const std::uint32_t spent = ticks(f) - none;
  std::uint64_t left = std::uint64_t{spent} * (2 * turns) + loop / 2;  // divided by loop, without a library
  std::uint32_t quotient = 0;
  for (int bit = 31; bit >= 0; --bit)
    if (left >= std::uint64_t{loop} << bit) left -= std::uint64_t{loop} << bit, quotient |= 1u << bit;
  return quotient;
}

}  // namespace semihosting
