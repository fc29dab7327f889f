#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# sh tests/targets/run.sh [TARGET...]: the tests of kernels and engines, compiled for other processors than this one and
# run here, in an emulator if need be; by default all of: avx2 sse2 avx2-clang aarch64 wasm dispatch.
# A target whose tools are missing is skipped and says which. FILES="simd/lane engine/dense" runs only these. The last
# line is "N passed, N failed, N skipped".
set -u
cd "$(dirname "$0")/../.." || exit 1
out=build/targets
mkdir -p "$out/libraries" || exit 1
# The headers of other libraries, apart from the C library of this machine.
for library in xsimd boost catch2; do ln -sfn "/usr/include/$library" "$out/libraries/$library"; done
mkdir -p "$out/without_catch"
for library in xsimd boost; do ln -sfn "/usr/include/$library" "$out/without_catch/$library"; done

passed=0 failed=0 skipped=0
flags="-std=c++20 -O1 -Wall -Wextra -Wconversion -Wshadow -Werror -Iinclude -Itests"
libraries="-isystem $out/libraries"
collect="--param ggc-min-heapsize=1000000" # as CMakePresets.json: a sixth less time

# use TARGET: sets compiler, link and run for it, and tools, which it needs.
use() {
  link='' run='' tools=''
  case $1 in
    avx2) compiler="g++ -march=x86-64-v3 $collect" ;;
    sse2) compiler="g++ -march=x86-64 $collect" ;;
    avx2-clang) compiler="clang++-19 -march=x86-64-v3" tools="clang++-19" ;;
    aarch64)
      compiler="aarch64-linux-gnu-g++ $libraries $collect" link=-static run=qemu-aarch64-static
      tools="aarch64-linux-gnu-g++ qemu-aarch64-static"
      ;;
    wasm) # as much of Catch2 as is needed, because that needs exceptions and files
      compiler="clang++-19 --target=wasm32-wasi -msimd128 -fno-exceptions"
      compiler="$compiler -isystem $out/without_catch -isystem tests/targets/tiny"
      run="node --no-warnings tests/targets/run_wasm.mjs" tools="clang++-19 wasm-ld-19 node"
      ;;
    *) return 1 ;;
  esac
  case $1 in avx2* | sse2) case $(uname -m) in x86_64 | amd64) ;; *) tools="$tools an-x86-64-machine" ;; esac ;; esac
}

# verdict NAME STATUS: counts, and tells what failed.
verdict() {
  if [ "$2" -eq 0 ]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    printf 'FAILED %s\n' "$1"
    tail -n 30 "$out/$1.log"
  fi
}

# one TARGET FILE: compiles, links and runs one file of tests.
one() {
  name=$1.$(echo "$2" | tr / _)
  program=$out/$1/$(echo "$2" | tr / _)
  more=''
  case $2 in simd/shapes) more=-DTAUT_ALL_SHAPES ;; esac
  # shellcheck disable=SC2086
  {
    $compiler $flags $more -c "tests/$2.cpp" -o "$program.o" &&
      $compiler "$program.o" "$out/$1/main.o" $link -o "$program" && $run "$program"
  } >"$out/$name.log" 2>&1
}

# Each file leaves its status beside its log.
target() {
  use "$1"
  for tool in $tools; do
    if ! command -v "$tool" >/dev/null 2>&1; then
      echo "== $1: skipped, there is no $tool"
      skipped=$((skipped + 1))
      return
    fi
  done
  echo "== $1"
  mkdir -p "$out/$1"
  # shellcheck disable=SC2086
  if ! $compiler $flags -O0 -Wno-error -c tests/support/main.cpp -o "$out/$1/main.o" >"$out/$1.main.log" 2>&1; then
    verdict "$1.main" 1
    return
  fi
  folders="simd engine targets/programs"
  [ "$1" = wasm ] && folders="simd targets/programs" # those of engine/ read files
  # engine/real_time takes the place of functions of the C library, which is linked in here, and traps system calls
  # shellcheck disable=SC2086
  files=${FILES:-$(cd tests && find $folders -name '*.cpp' ! -name '*_fast_math.cpp' ! -name real_time.cpp | sort |
    sed 's/\.cpp$//')}
  rm -f "$out/$1".*.status
  # shellcheck disable=SC2086
  printf '%s\n' $files | xargs -P "${JOBS:-$(nproc 2>/dev/null || echo 2)}" -n 1 sh tests/targets/run.sh --one "$1"
  for file in $files; do
    name=$1.$(echo "$file" | tr / _)
    verdict "$name" "$(cat "$out/$name.status")"
  done
}

# The program of tests/dispatch on processors with AVX2 and without: it must choose what they have, and run.
dispatch() {
  if ! command -v qemu-x86_64-static >/dev/null 2>&1; then
    echo "== dispatch: skipped, there is no qemu-x86_64-static"
    skipped=$((skipped + 1))
    return
  fi
  echo "== dispatch"
  {
    cmake -S tests/targets/dispatch -B "$out/dispatch" && cmake --build "$out/dispatch"
  } >"$out/dispatch.build.log" 2>&1
  verdict dispatch.build $?
  for processor in Nehalem,4 Haswell,8 max,8; do
    lanes=${processor#*,} processor=${processor%,*}
    qemu-x86_64-static -cpu "$processor" "$out/dispatch/levels" "$lanes" >"$out/dispatch.$processor.log" 2>&1
    verdict "dispatch.$processor" $?
  done
}

if [ "${1:-}" = --one ]; then # TARGET FILE: what target() calls for several files at a time
  use "$2" && one "$2" "$3"
  echo $? >"$out/$2.$(echo "$3" | tr / _).status"
  exit 0
fi
[ $# -eq 0 ] && set -- avx2 sse2 avx2-clang aarch64 wasm dispatch
for name in "$@"; do
  if [ "$name" = dispatch ]; then
    dispatch
  elif use "$name"; then
    target "$name"
  else
    echo "there is no target $name"
    failed=$((failed + 1))
  fi
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
