// SPDX-License-Identifier: Apache-2.0
// From reset to the program on any Cortex-M: vectors, floating point, data. A fault ends with status 99.
#include <cstdint>

#include "semihosting.hpp"

extern "C" {
extern std::uint32_t data_begin[], data_end[], data_source[], bss_begin[], bss_end[];
int program();  // of the linker: --defsym=program=...
[[noreturn]] void reset();
[[noreturn]] void fault() { semihosting::exit(99); }
}

struct vector_table {
  std::uint32_t* stack;
  void (*handler[15])();
};
[[gnu::section(".vectors"), gnu::used]] constexpr vector_table vectors{
    stack_top,
    {reset, fault, fault, fault, fault, fault, fault, nullptr, nullptr, nullptr, fault, fault, nullptr, fault, fault}};

extern "C" [[noreturn, gnu::naked]] void reset() {
#if __ARM_ARCH >= 8  // these stop at an overflow of the stack; older ones do not notice
  asm volatile("ldr r0, =stack_limit\n msr msplim, r0\n");
#endif
  asm volatile("bl start\n");
}

extern "C" [[noreturn, gnu::used]] void start() {
#if defined(__ARM_FP) || defined(__ARM_FEATURE_MVE)
  *reinterpret_cast<volatile std::uint32_t*>(0xE000ED88u) |= 0xFu << 20;  // coprocessor access, before its first use
  asm volatile("dsb\n isb" ::: "memory");
#endif
  for (std::uint32_t *to = data_begin, *from = data_source; to != data_end;) *to++ = *from++;
  for (std::uint32_t* p = bss_begin; p != bss_end;) *p++ = 0;
  semihosting::exit(program());
}

// The compiler may call these whatever the source says.
extern "C" {
void* memcpy(void* to, const void* from, std::size_t bytes) {
  auto* t = static_cast<unsigned char*>(to);
  const auto* f = static_cast<const unsigned char*>(from);
  while (bytes-- > 0) *t++ = *f++;
  return to;
}
void* memmove(void* to, const void* from, std::size_t bytes) {
  auto* t = static_cast<unsigned char*>(to);
  const auto* f = static_cast<const unsigned char*>(from);
  if (t < f)
    while (bytes-- > 0) *t++ = *f++;
  else
    while (bytes-- > 0) t[bytes] = f[bytes];
  return to;
}
void* memset(void* to, int value, std::size_t bytes) {
  auto* t = static_cast<unsigned char*>(to);
  while (bytes-- > 0) *t++ = static_cast<unsigned char>(value);
  return to;
}
}
