#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# sh examples/run.sh [NAME [OPTIONS]]   set up, build and run one example (default: digits, then use_exported)
# sh examples/run.sh --list             their names
# sh examples/run.sh firmware [...]     the bare-metal programs of firmware/run.sh
# sh examples/run.sh laboratory [...]   all experiments, one after another, with these options; ends with their seconds
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/examples/setup.sh"

case ${1:-} in
  --list)
    for source in "$root"/examples/*.cpp; do
      [ -e "$source" ] || continue
      printf '%-16s %s\n' "$(basename "$source" .cpp)" "$(sed -n '2s|^// *||p' "$source")"
    done
    printf '%-16s %s\n' laboratory "all experiments: those whose figures are in docs/gallery.md"
    printf '%-16s %s\n' firmware "trained networks as bare-metal programs for five Cortex-M processors, in QEMU"
    exit 0
    ;;
  firmware) shift && exec sh "$root/examples/firmware/run.sh" "$@" ;;
  laboratory) shift && exec sh "$root/examples/laboratory/run.sh" "$@" ;;
  "" | -*) name=digits ;;
  *) name=$1 && shift ;;
esac
if [ ! -e "$root/examples/$name.cpp" ]; then
  echo "there is no example $name; sh examples/run.sh --list names them" >&2
  exit 1
fi

build=$root/build/examples
jobs=$(nproc 2>/dev/null || echo 2)
prepare() { # prepare NAME [CMAKE OPTIONS]: configure and build one example
  program=$1 && shift
  echo "building $program"
  (cd "$root" && quiet cmake --preset examples "$@")
  quiet cmake --build "$build" -j"$jobs" --target "taut_example_$program"
}

# digits and experiments write where --out says, otherwise into build/.
out='' help='' previous=''
for option in "$@"; do
  case $option in
    --out=*) out=${option#--out=} ;;
    -h | --help) help=yes ;;
    *) [ "$previous" = --out ] && out=$option ;;
  esac
  previous=$option
done
experiment=$(grep -l 'include "laboratory/experiment.hpp"' "$root/examples/$name.cpp" || true)
if [ "$name" = digits ] || [ -n "$experiment" ]; then writes=yes; else writes=; fi
if [ -n "$writes" ] && [ -z "$out" ]; then
  out=$build/out
  set -- "$@" --out "$out"
fi
writer='' header=''  # of the header that an example includes
case $name in
  use_exported) writer=digits header=digits.hpp ;;
  use_pruned) writer=pruning header=pruned.hpp ;;
esac
if [ -n "$writer" ] && [ -z "$out" ]; then out=$build/out; fi

if [ -n "$experiment" ]; then packages="$packages gnuplot-nox"; fi
# shellcheck disable=SC2086
need $packages
if [ -n "$writer" ]; then
  if [ ! -e "$out/$header" ]; then
    echo "$name needs $out/$header, which sh examples/run.sh $writer writes" >&2
    exit 1
  fi
  prepare "$name" "-DTAUT_EXPORTED=$(cd "$out" && pwd)"
  exec "$build/examples/$name"
fi

prepare "$name"
[ "$name" = digits ] && mkdir -p "$out"
"$build/examples/$name" "$@"
if [ "$name" = digits ] && [ -z "$help" ] && [ -e "$root/examples/use_exported.cpp" ]; then
  prepare use_exported "-DTAUT_EXPORTED=$(cd "$out" && pwd)"
  "$build/examples/use_exported"
fi
