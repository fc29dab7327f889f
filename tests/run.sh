#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# sh tests/run.sh            set up, then the parts gcc, clang, sanitize, examples and firmware
# sh tests/run.sh --all      also the complete test suite and the sanitizers with clang, the long soundness campaign,
#                            and the kernels on other processors
# sh tests/run.sh PART...    only these parts: gcc clang sanitize examples firmware clang-all sanitize-clang campaign
#                            targets
# The last line is "N passed, N failed"; the status is 0 only when something passed and nothing failed.
set -u
cd "$(dirname "$0")/.." || exit 1
. examples/setup.sh

case ${1:-} in
  "") parts="gcc clang sanitize examples firmware" ;;
  --all) parts="gcc clang-all sanitize sanitize-clang campaign examples firmware targets" ;;
  -*) sed -n '3,8s/^# //p' tests/run.sh && exit 2 ;;
  *) parts=$* ;;
esac
packages="$packages catch2"
case $parts in *clang*) packages="$packages clang-19" ;; esac
case $parts in *sanitize-clang*) packages="$packages libclang-rt-19-dev" ;; esac
# shellcheck disable=SC2086
need $packages
case $parts in *firmware*) # what cannot be installed is skipped there
  (need gcc-arm-none-eabi libnewlib-arm-none-eabi libstdc++-arm-none-eabi-newlib qemu-system-arm \
    g++-riscv64-linux-gnu) ;;
esac
case $parts in *targets*) # what cannot be installed is skipped there
  (need clang-19 g++-aarch64-linux-gnu qemu-user-static nodejs lld-19 wasi-libc libc++-19-dev-wasm32 \
    libc++abi-19-dev-wasm32 libclang-rt-19-dev-wasm32) ;;
esac

jobs=$(nproc 2>/dev/null || echo 2)
passed=0 failed=0 skipped=0 minutes=''
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT

# run PRESET "TARGETS" CTEST_OPTIONS...: configure, build all that compiles, run the tests and count them.
run() {
  preset=$1 targets=$2 && shift 2
  echo "== $part: configure and build"
  if ! cmake --preset "$preset" >"$log" 2>&1; then
    cat "$log"
    failed=$((failed + 1))
    return
  fi
  # shellcheck disable=SC2086
  if ! cmake --build "build/$preset" -j"$jobs" --target $targets -- --quiet -k 0; then
    echo "$part: the build failed"
    failed=$((failed + 1))
  fi
  echo "== $part: test"
  ctest --test-dir "build/$preset" -j"$jobs" --output-on-failure --no-tests=error "$@" | tee "$log"
  total_here=$(sed -n 's/.* tests\{0,1\} failed out of \([0-9]*\)$/\1/p' "$log")
  failed_here=$(sed -n 's/.*tests passed, \([0-9]*\) tests\{0,1\} failed out of.*/\1/p' "$log")
  skipped_here=$(grep -c '^ *[0-9]*/[0-9]* .*\*\*\*Skipped' "$log")
  if [ -z "$total_here" ] || [ -z "$failed_here" ]; then # nothing was run, or ctest itself broke
    failed=$((failed + 1))
    return
  fi
  passed=$((passed + total_here - failed_here - skipped_here))
  failed=$((failed + failed_here))
  skipped=$((skipped + skipped_here))
}

for part in $parts; do
  start=$(date +%s)
  case $part in
    gcc) run gcc "all all_verify_interface_header_sets" -LE "examples|firmware" ;;
    clang) run clang "all taut_compile_time" -LE architecture ;;
    clang-all) run clang-all "all all_verify_interface_header_sets" ;;
    sanitize | sanitize-clang) run "$part" all -L unit ;;
    examples) run gcc all -L examples ;;
    firmware) run gcc taut_firmware_export -L firmware ;;
    campaign) # what the part gcc runs for seconds, for minutes and on more networks; -V shows the counts
      export TAUT_CAMPAIGN=full
      run campaign "taut_test_campaign taut_test_campaign.matrices_fast_math" -R '^campaign' -V
      unset TAUT_CAMPAIGN
      ;;
    targets) # one check a target and file; a target without its tools is skipped
      sh tests/targets/run.sh | tee "$log"
      passed=$((passed + $(sed -n '$s/^\([0-9]*\) passed.*/\1/p' "$log")))
      failed=$((failed + $(sed -n '$s/.*, \([0-9]*\) failed.*/\1/p' "$log")))
      skipped=$((skipped + $(sed -n '$s/.*, \([0-9]*\) skipped$/\1/p' "$log")))
      ;;
    *)
      echo "there is no part $part"
      failed=$((failed + 1))
      ;;
  esac
  tenths=$((($(date +%s) - start + 3) / 6))
  minutes="$minutes$part $((tenths / 10)).$((tenths % 10)) min
"
done

printf '\n%s' "$minutes"
summary="$passed passed, $failed failed"
[ "$skipped" -gt 0 ] && summary="$summary, $skipped skipped"
echo "$summary"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
