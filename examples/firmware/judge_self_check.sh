#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# judge_self_check.sh FOLDER: judge.sh accepts a line in order, refuses each of these that are not, and keeps a record.
set -u
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1" && budgets=$1/budgets.txt
failed=0
printf '%s\n' '# words' 'limit m4 float net 1020 0 50 999' 'measured m4 float net 1000 0 40 300' >"$budgets"
line="RESULT core=m4 kind=float net=net flash=1000 data=0 stack=40 instructions=300 equal=1 weights=800 activations=32
  multiply_adds=90 loads=100 stack_bound=48 constants=800"
# judge WORDS FROM TO: the line with one thing changed must be refused with these words, or accepted if there are none
judge() {
  # shellcheck disable=SC2086
  said=$(echo $line | sed "s/$2/$3/" | sh "$here/judge.sh" "$budgets" 2>&1) && status=0 || status=$?
  case $1:$status in
    :0) return ;;
    :*) echo "refused: $said" ;;
    *:0) echo "accepted with $3: not $1" ;;
    *) case $said in *"$1"*) return ;; *) echo "not '$1' but: $said" ;; esac ;;
  esac
  failed=1
}
judge "" RESULT RESULT
judge "" flash=1000 flash=1015
judge "flash above its limit of 1020" flash=1000 flash=1021
judge "flash=1031 above its record of 1000" flash=1000 flash=1031
judge "data=4 above its record of 0" data=0 data=4
judge "it does not say stack" stack=40 ""
judge "stack above its bound of 36" stack_bound=48 stack_bound=36
judge "instructions=310 above its record" instructions=300 instructions=310
judge "279 instructions for 280 operations" instructions=300 instructions=279
judge "300 instructions for 220 operations" multiply_adds=90 multiply_adds=60
judge "but they take 804" constants=800 constants=804
judge "weights=, but they take" weights=800 ""
judge "more activations than stack" activations=32 activations=41
judge "more loads than instructions" loads=100 loads=301
judge "outputs have other bits" equal=1 equal=0
judge "no record" core=m4 core=m3
# shellcheck disable=SC2086
echo $line | sed 's/core=m4/core=m3/' | sh "$here/judge.sh" "$budgets" record || failed=1
# shellcheck disable=SC2086
echo $line | sed 's/flash=1000/flash=900/' | sh "$here/judge.sh" "$budgets" record || failed=1
# shellcheck disable=SC2086
echo $line | sed 's/flash=1000/flash=800/; s/equal=1/equal=0/' |
  sh "$here/judge.sh" "$budgets" record 2>/dev/null && failed=1
[ "$(cat "$budgets")" = "# words
limit m4 float net 1020 0 50 999
measured m4 float net 900 0 40 300
measured m3 float net 1000 0 40 300" ] || { echo "the record is wrong:" && cat "$budgets" && failed=1; }
exit $failed
