#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# sh examples/firmware/prove.sh IMAGE.elf: fails, and says why, unless the program has no heap, exceptions, libm, errno,
# stdio, formatted output, software arithmetic in double (with soft=yes in float, which processors without it need),
# objects constructed before main, or calls through pointers, so that a bound of its stack is known from its calls.
set -u
image=${1:?}
if ! names=$(arm-none-eabi-nm -C "$image" 2>/dev/null | cut -c12-) || [ -z "$names" ]; then
  echo "prove: $image is no image with symbols" >&2
  exit 2
fi
faults=0
fault() {
  echo "prove: $image: $1" >&2
  faults=1
}
# deny WHAT REGEX: no symbol has such a name
deny() {
  found=$(printf '%s\n' "$names" | grep -xE "$2" | sort -u | tr '\n' ' ')
  [ -z "$found" ] || fault "$1: $found"
}
deny "a heap" '_?(m|c|re)alloc(_r)?|_?free(_r)?|_?sbrk(_r)?|operator (new|delete).*|aligned_alloc|posix_memalign'
deny "exceptions" '__cxa_.*|_Unwind_.*|__gxx_.*|std::__throw_.*|abort|_exit|raise|std::terminate.*|__aeabi_unwind.*'
deny "a mathematical library" '(exp|log|pow|sin|cos|tanh?|erf|sqrt|fma)f?|__ieee754_.*|__errno|_impure_ptr'
deny "arithmetic in double" '__aeabi_(d|c?d|f2d|i2d|ui2d|l2d|ul2d)[a-z0-9]*|__(add|sub|mul|div)df3'
[ "${soft:-}" = yes ] || deny "software arithmetic" '__aeabi_(f|i2f|ui2f)[a-z0-9]*|__(add|sub|mul|div)sf3'
deny "input or output" '_?v?[sf]?n?printf.*|puts|putchar|std::ios_base.*|std::c(out|err|in)'
undefined=$(arm-none-eabi-nm -u "$image")
[ -z "$undefined" ] || fault "undefined: $undefined"
sections=$(arm-none-eabi-size -A "$image" |
  awk '$1 ~ /^\.(preinit_array|init_array|ctors|unwind|ARM\.ext?ab|ARM\.exidx)/ && $2 > 0 { printf "%s ", $1 }')
[ -z "$sections" ] || fault "constructors or tables of exceptions: $sections"
calls=$(arm-none-eabi-objdump -d --no-show-raw-insn "$image" |
  awk '/^[0-9a-f]+ </ { where = $2 } /\tblx\t(r[0-9]+|ip|lr)/ { printf "%s ", where }')
[ -z "$calls" ] || fault "calls through pointers in $calls"
exit $faults
