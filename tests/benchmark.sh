#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# sh tests/benchmark.sh             set up, build, time taut and its peers, write the report to build/benchmark/report
#   --quick                         a few short rounds
#   --out DIR                       where the report goes
#   --only N1,N5                    these networks (N1 N2 N3 N4 N5 autoencoder signal N5_bias_free 16x16x6)
#   --peers taut,plain,eigen_rows   peers whose names begin so
#   --rounds N --slot MILLISECONDS  how long
# Of each network only what is asked for is built.
set -u
cd "$(dirname "$0")/.." || exit 1
root=$PWD
. examples/setup.sh

out=build/benchmark/report only="" options=""
while [ $# -gt 0 ]; do
  case $1 in
    --quick) options="$options --quick" ;;
    --out | --only | --peers | --rounds | --slot)
      [ $# -gt 1 ] || { echo "$1 wants a value" >&2 && exit 2; }
      case $1 in
        --out) out=$2 ;;
        --only) only=$2 options="$options --only $2" ;;
        *) options="$options $1 $2" ;;
      esac
      shift
      ;;
    *) sed -n '3,9s/^# //p' "$root/tests/benchmark.sh" >&2 && exit 2 ;;
  esac
  shift
done

# shellcheck disable=SC2086
need $packages clang-19 libeigen3-dev

targets=all
if [ -n "$only" ]; then
  targets=""
  for net in $(echo "$only" | tr ',' ' '); do targets="$targets benchmark_$net"; done
fi
jobs=$(nproc 2>/dev/null || echo 2)
for preset in benchmark benchmark-clang; do
  more=""
  [ "$preset" = benchmark ] && more=taut_benchmark
  quiet cmake --preset "$preset"
  # shellcheck disable=SC2086
  cmake --build "build/$preset" -j"$jobs" --target $targets $more -- --quiet || exit 1
done
# shellcheck disable=SC2086
exec build/benchmark/tests/benchmarks/benchmark --plugins build/benchmark/peers --plugins build/benchmark-clang/peers \
  --out "$out" $options
