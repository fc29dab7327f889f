#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# sh examples/firmware/prove_self_check.sh FOLDER: prove.sh accepts a program without sins, and refuses each of these; and
# stack_bound.sh finds the bounds that exist.
set -u
here=$(cd "$(dirname "$0")" && pwd)
out=${1:?}
if ! command -v arm-none-eabi-g++ >/dev/null 2>&1; then echo "firmware: skipped, there is no arm-none-eabi-g++" && exit 77; fi
mkdir -p "$out"
faults=0
# try STATUS WORDS SOURCE: what prove.sh says of a program, `start` its entry
try() {
  printf '%s\n' "$3" >"$out/sin.cpp"
  if ! arm-none-eabi-g++ -std=c++20 -O1 -mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16 -fno-exceptions \
    -fno-rtti -nostartfiles --specs=nano.specs --specs=nosys.specs -Wl,-e,start -Wl,--no-warn-rwx-segments \
    "$out/sin.cpp" -o "$out/sin.elf" >"$out/log" 2>&1; then
    echo "does not build: $3" && cat "$out/log" && faults=1 && return
  fi
  said=$(sh "$here/prove.sh" "$out/sin.elf" 2>&1)
  status=$?
  if [ "$status" -ne "$1" ] || ! printf '%s\n' "$said" | grep -q "$2"; then
    echo "prove.sh said '$said', status $status, of: $3"
    faults=1
  fi
}
try 0 '' 'extern "C" void start() {}'
try 1 'a heap' 'extern "C" void* start() { return new int[9]; }'
try 1 'mathematical' '#include <math.h>
extern "C" float start(float x) { return expf(x); }'
try 1 'in double' 'extern "C" double start(double x) { return x * 0.1; }'
try 1 'output' '#include <stdio.h>
extern "C" int start(int x) { return printf("%d", x); }'
try 1 'constructors' 'int f(); struct S { int v = f(); }; S s; int f() { return 1; } extern "C" int start() { return s.v; }'
try 1 'through pointers' 'extern "C" int start(int (*f)(int)) { return f(1) + 1; }'
# bound WORDS SOURCE: why stack_bound.sh finds no bound for `start`; or which it finds
bound() {
  printf '%s\n' "$2" >"$out/stack.cpp"
  arm-none-eabi-g++ -O1 -mcpu=cortex-m4 -mthumb -fcallgraph-info=su -c "$out/stack.cpp" -o "$out/stack.o" || faults=1
  said=$(sh "$here/stack_bound.sh" start "$out/stack.ci" 2>&1)
  if ! printf '%s\n' "$said" | grep -q "$1"; then echo "stack_bound.sh said '$said' of: $2" && faults=1; fi
}
bound '^40$' 'void g(volatile char*) {} extern "C" void start() { volatile char b[40]; b[0] = 1; }'
bound 'recursion' 'extern "C" int start(int n) { volatile int m = n; return n > 0 ? start(n - 1) + m : 0; }'
bound 'through a pointer' 'extern "C" int start(int (*f)(int)) { return f(1) + 1; }'
bound 'grows' 'extern "C" int start(int n) { volatile char b[n]; b[0] = 1; return b[n - 1]; }'
bound 'no frame is known' 'extern "C" int other(); extern "C" int start() { return other() + 1; }'

rm -f "$out/sin.elf"
sh "$here/prove.sh" "$out/sin.elf" 2>"$out/log"
if [ $? -ne 2 ]; then echo "an image that is not there passes" && faults=1; fi
exit $faults
