#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# sh tests/benchmark.sh             set up, build, time taut and its peers; the report goes to build/benchmark/report
#   --quick                         a few short rounds
#   --out DIR                       where report.md, report.json and figure.svg go
#   --only N1,N5                    these networks: N1 N2 N3 N4 N5 autoencoder signal N5_bias_free 16x16x6
#   --peers taut,plain,eigen_rows   these of taut plain eigen rtneural (or a variant) onednn xnnpack openblas libxsmm
#   --rounds N  --slot MS           how many rounds, and how long each peer runs in each
#   --rtneural DIR                  RTNeural's sources: one peer more
#   --record                        writes the last section of docs/speed.md anew, from this run
#   --compile                       instead: what deep networks cost g++ and clang, tests/cost/compile_benchmark.cmake
# Only what is asked for is built. docs/speed.md says what is measured and how.
set -u
start=$PWD
cd "$(dirname "$0")/.." || exit 1
. examples/setup.sh

nets="N1 N2 N3 N4 N5 autoencoder signal N5_bias_free 16x16x6"
out=$PWD/build/benchmark/report only="" options="" rtneural="" compile="" record=""
families="taut plain eigen rtneural onednn xnnpack openblas libxsmm" peers=""
while [ $# -gt 0 ]; do
  case $1 in
    --quick) options="$options --quick" ;;
    --compile) compile=yes ;;
    --record) record=yes ;;
    --out | --only | --peers | --rounds | --slot | --rtneural)
      [ $# -gt 1 ] || { echo "$1 wants a value" >&2 && exit 2; }
      case $1 in
        --out) case $2 in /*) out=$2 ;; *) out=$start/$2 ;; esac ;;
        --only)
          for net in $(echo "$2" | tr ',' ' '); do
            case " $nets " in *" $net "*) ;; *) echo "no network $net among $nets" >&2 && exit 2 ;; esac
          done
          only=$2 options="$options --only $2"
          ;;
        --peers) peers=$2 options="$options --peers $2" ;;
        --rtneural) rtneural=$(cd "$start" && cd "$2" && pwd) || exit 2 ;;
        *) options="$options $1 $2" ;;
      esac
      shift
      ;;
    *) sed -n '3,12s/^# //p' tests/benchmark.sh >&2 && exit 2 ;;
  esac
  shift
done

if [ -n "$compile" ]; then
  # shellcheck disable=SC2086
  need $packages clang-19
  exec cmake "-DOUT=$out" -P tests/cost/compile_benchmark.cmake
fi

libraries="" targets=benchmark_driver
for peer in $(echo "${peers:-$families}" | tr ',' ' '); do
  case $peer in
    taut* | plain*) ;;
    eigen* | rtneural*) libraries="$libraries libeigen3-dev" ;;
    onednn) libraries="$libraries libdnnl-dev" ;;
    xnnpack | openblas | libxsmm) libraries="$libraries lib${peer#lib}-dev" ;;
    *) echo "no peer $peer among $families" >&2 && exit 2 ;;
  esac
  case $peer in
    taut* | plain* | eigen* | rtneural*)
      for net in $(echo "${only:-$nets}" | tr ',' ' '); do targets="$targets benchmark_$net.${peer%%_*}"; done
      ;;
    *) targets="$targets benchmark_$peer" ;;
  esac
done
# shellcheck disable=SC2086
need $packages clang-19 gnuplot-nox $libraries

jobs=$(nproc 2>/dev/null || echo 2)
for preset in benchmark benchmark-clang; do
  quiet cmake --preset "$preset" "-DTAUT_RTNEURAL=$rtneural"
  # shellcheck disable=SC2086
  cmake --build "build/$preset" -j"$jobs" --target $targets -- --quiet || exit 1
done

# shellcheck disable=SC2086
build/benchmark/tests/benchmarks/benchmark --plugins build/benchmark/peers --plugins build/benchmark-clang/peers \
  --out "$out" $options
status=$?
[ $status -gt 1 ] && exit $status
# shellcheck disable=SC2086
versions=$(for package in $(printf "%s\n" $libraries | sort -u); do dpkg-query -W -f ' ${Package} ${Version};' "$package" 2>/dev/null; done)
if [ -n "$versions" ]; then
  for text in report summary; do printf '\nPackages:%s\n' "$versions" >>"$out/$text.md"; done
fi
if [ -n "$record" ] && [ $status -eq 0 ]; then
  sed -i '/^## One run$/,$d' docs/speed.md
  printf '## One run\n\n    sh tests/benchmark.sh%s\n\n' "$options" | cat - "$out/summary.md" >>docs/speed.md
fi
gnuplot -e "folder='$out'" tests/benchmarks/figure.gp
echo "the report: $out/report.md, report.json, figure.svg"
exit $status
