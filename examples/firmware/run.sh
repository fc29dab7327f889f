#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# sh examples/firmware/run.sh [--headers DIR] [--out DIR] [--if-possible] [--record] [CORE[:KIND[:NET]]... | riscv]
# Builds the bare-metal programs of this folder for Cortex-M0, M3, M4, M7 and M55, proves what they promise of
# themselves (prove.sh), runs them in QEMU, and prints for each
#   RESULT core=m4 kind=float net=digits flash=.. data=.. stack=.. instructions=.. equal=1
# flash, data: bytes of a program that only infers (startup, weights, vectors of interrupts; no test vectors, no text).
# stack, instructions: of one inference; stack_bound: the most that its calls can take. equal: all outputs have the bits
# that the host computed. weights, activations, multiply_adds, loads: what the compiler knew; judge.sh compares.
# --headers: where export.cpp has written the networks; otherwise it is built and run here. --if-possible: status 77 if
# a tool is missing; otherwise Debian's packages are installed. --record: what is measured becomes the record in
# budgets.txt.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
. "$root/examples/setup.sh"
headers='' out=$root/build/firmware possible='' record=''
while [ $# -gt 0 ]; do
  case $1 in
    --headers) headers=$2 && shift 2 ;;
    --out) out=$2 && shift 2 ;;
    --if-possible) possible=yes && shift ;;
    --record) record=record && shift ;;
    *) break ;;
  esac
done

if [ -n "$possible" ]; then
  for tool in arm-none-eabi-g++ qemu-system-arm riscv64-linux-gnu-g++; do
    if ! command -v "$tool" >/dev/null 2>&1; then echo "firmware: skipped, there is no $tool" && exit 77; fi
  done
else
  need gcc-arm-none-eabi libnewlib-arm-none-eabi libstdc++-arm-none-eabi-newlib qemu-system-arm g++-riscv64-linux-gnu
fi
mkdir -p "$out/boost"
ln -sfn "${TAUT_BOOST:-/usr/include}/boost" "$out/boost/boost" # apart from the C library of this machine
if [ -z "$headers" ]; then
  # shellcheck disable=SC2086,SC2154
  need $packages
  headers=$out/headers
  (cd "$root" && quiet cmake --preset examples)
  quiet cmake --build "$root/build/examples" -j"$(nproc)" --target taut_firmware_export
  "$root/build/examples/examples/firmware_export" "$headers"
fi

# The flags of a core, and the memory and the name of its board in QEMU.
core() {
  memory="rom_size=0x400000 ram_size=0x400000"
  case $1 in
    m0) flags="-mcpu=cortex-m0 -mfloat-abi=soft" memory="" machine=microbit ;;
    m3) flags="-mcpu=cortex-m3 -mfloat-abi=soft" machine=mps2-an385 ;;
    m4) flags="-mcpu=cortex-m4 -mfloat-abi=hard -mfpu=fpv4-sp-d16" machine=mps2-an386 ;;
    m7) flags="-mcpu=cortex-m7 -mfloat-abi=hard -mfpu=fpv5-d16" machine=mps2-an500 ;;
    m55) flags="-mcpu=cortex-m55 -mfloat-abi=hard" memory="rom_size=0x80000 ram_size=0x80000" machine=mps3-an547 ;;
    *) echo "there is no core $1" >&2 && exit 2 ;;
  esac
}

# compile CORE SOURCE OBJECT. -ffp-contract=off: what contracts is written fused; -fno-math-errno: a root is one
# instruction.
compile() {
  # shellcheck disable=SC2086
  arm-none-eabi-g++ -std=c++20 -O2 $flags -mthumb -ffp-contract=off -fno-math-errno -fno-exceptions -fno-rtti \
    -fno-unwind-tables -fno-asynchronous-unwind-tables -fno-threadsafe-statics -fno-tree-loop-distribute-patterns \
    -ffunction-sections -fdata-sections -DNDEBUG -Wall -Wextra -Wconversion -Wshadow -Werror $limits -fcallgraph-info=su \
    -I"$root/include" -isystem "$out/boost" -I"$headers" -I"$here" -c "$2" -o "$3"
}
# link PROGRAM OBJECT IMAGE: bare or report, with nothing of any library but the compiler's own
link() {
  maps=''
  for symbol in $memory program="$1"; do maps="$maps -Wl,--defsym=$symbol"; done
  # shellcheck disable=SC2086
  arm-none-eabi-g++ $flags -mthumb "$2" "$2.startup" -nostartfiles -nostdlib -Wl,--gc-sections -T "$here/cortexm.ld" \
    $maps -lgcc -o "$3"
}

# one CORE KIND NET
one() {
  image=$out/$3_$2.$1
  core "$1"
  limits="-Wstack-usage=512"
  if [ "$3" = autoencoder ]; then # larger buffers
    memory="$memory stack_size=0x8000" limits="-Wstack-usage=16384"
  fi
  compile "$1" "$here/$3_$2.cpp" "$image.o" && compile "$1" "$here/startup.cpp" "$image.o.startup" || return 1
  link bare "$image.o" "$image.bare.elf" && link report "$image.o" "$image.elf" || return 1
  soft=''
  case $1 in m0 | m3) soft=yes ;; esac
  soft=$soft sh "$here/prove.sh" "$image.bare.elf" || return 1
  bound=$(sh "$here/stack_bound.sh" bare "$image.ci") || return 1
  said=$(timeout 60 qemu-system-arm -M "$machine" -nographic -monitor none -serial null -icount shift=6 \
    -semihosting-config enable=on,target=native -kernel "$image.elf" 2>&1) && status=0 || status=$?
  sizes=$(arm-none-eabi-size -A "$image.bare.elf" |
    awk '$1 ~ /^\.(vectors|text|rodata)$/ { flash += $2 } $1 ~ /^\.(data|bss)$/ { data += $2 }
         END { printf "flash=%d data=%d", flash + data, data }')
  result="RESULT core=$1 kind=$2 net=$3 $sizes ${said#* } ${said%% *} stack_bound=$bound"
  echo "$result"
  symbol=$(arm-none-eabi-nm -CS "$image.bare.elf" | awk '$4 ~ /::engine$/ { print $2 }')
  # shellcheck disable=SC2086
  echo $result "constants=$((0x${symbol:-0}))" | sh "$here/judge.sh" "$here/budgets.txt" $record || return 1
  return "$status"
}

# The headers for another processor without a system: it compiles.
riscv() {
  riscv64-linux-gnu-g++ -std=c++20 -O2 -ffreestanding -fno-exceptions -fno-rtti -ffp-contract=off -DNDEBUG -Wall -Wextra \
    -Wconversion -Wshadow -Werror -I"$root/include" -isystem "$out/boost" -I"$headers" -c "$here/other.cpp" \
    -o "$out/other.riscv64.o"
}

[ $# -gt 0 ] || set -- m0 m3 m4 m7 m55 riscv
failed=0
for wanted in "$@"; do
  if [ "$wanted" = riscv ]; then
    riscv && echo "RESULT core=riscv64 compiles=1" || failed=1
    continue
  fi
  core=${wanted%%:*}
  kinds="float float_fma int8" nets="digits autoencoder"
  case $wanted in
    *:all:*) nets=${wanted##*:} ;;
    *:*:*) nets=${wanted##*:} kinds=${wanted#*:} && kinds=${kinds%%:*} ;;
    *:*) kinds=${wanted#*:} ;;
  esac
  for net in $nets; do
    for kind in $kinds; do
      [ -e "$here/${net}_$kind.cpp" ] || continue
      case $kind:$core in float_fma:m0 | float_fma:m3) continue ;; esac # these do not fuse
      case $net:$kind:$core in autoencoder:*:m0 | autoencoder:float*:m55) continue ;; esac # they do not fit
      one "$core" "$kind" "$net" || failed=1
    done
  done
done
exit $failed
