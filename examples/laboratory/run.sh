#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# sh examples/laboratory/run.sh [OPTIONS]   all experiments, one after another; OPTIONS (--quick, --seed, --out) go to each
# An experiment is a program examples/NAME.cpp that includes laboratory/experiment.hpp. The status is 0 only when all ran.
set -u
examples=$(cd "$(dirname "$0")/.." && pwd)
failed=0 minutes=''
start=$(date +%s)
for source in "$examples"/*.cpp; do
  grep -q 'include "laboratory/experiment.hpp"' "$source" || continue
  name=$(basename "$source" .cpp)
  echo "== $name"
  begin=$(date +%s)
  sh "$examples/run.sh" "$name" "$@" || failed=$((failed + 1))
  minutes="$minutes$name $(($(date +%s) - begin)) s, "
done
printf '\n%stogether %d s, compilation included; %d failed\n' "$minutes" $(($(date +%s) - start)) "$failed"
[ "$failed" -eq 0 ]
