#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# judge.sh BUDGETS [record]: reads a line RESULT of run.sh, and says what is wrong with it:
#   its outputs are not those of the host, bit for bit;
#   a limit of BUDGETS is passed, or a number is more than 3 % above its record there (data: above it at all);
#   what the compiler knew is not so: the constants of the engine have another size, its buffers are more than the
#   stack, or float, on a processor that computes it, takes less than an instruction an operation and load, or a third
#   more.
# With `record`, the line, if nothing else is wrong, becomes the record of its core, kind and network.
set -u
awk -v budgets="$1" -v record="${2:-}" '
  function wrong(what) { print "budget: " $2 " " $3 " " $4 ": " what > "/dev/stderr"; bad = 1 }
  function keep(line) { kept[++lines] = line }
  {
    for (i = 2; i <= NF; ++i) { split($i, pair, "="); is[pair[1]] = pair[2] }
    wanted = is["core"] " " is["kind"] " " is["net"]
    numbers = split("flash data stack instructions", what)
    for (k = 1; k <= numbers; ++k) if (is[what[k]] == "") wrong("it does not say " what[k])
    mine = "measured " wanted
    for (k = 1; k <= numbers; ++k) mine = mine " " is[what[k]]
    while ((getline line < budgets) > 0) {
      split(line, limit)
      if (limit[2] " " limit[3] " " limit[4] != wanted || limit[1] !~ /^(limit|measured)$/) { keep(line); continue }
      if (limit[1] == "measured") { known = 1; keep(mine) } else keep(line)
      for (k = 1; k <= numbers; ++k) {
        if (limit[1] == "limit" && is[what[k]] > limit[4 + k]) wrong(what[k] " above its limit of " limit[4 + k])
        if (limit[1] == "measured" && !record && is[what[k]] > 1.03 * limit[4 + k])
          wrong(what[k] "=" is[what[k]] " above its record of " limit[4 + k])
      }
    }
    close(budgets)
    if (is["equal"] != 1) wrong("outputs have other bits than on the host")
    if (!known && !record) wrong("no record")
    if (!known) keep(mine)

    if (is["stack"] + 0 > is["stack_bound"] + 0) wrong("stack above its bound of " is["stack_bound"])
    if (is["weights"] == "" || is["weights"] != is["constants"])
      wrong("weights=" is["weights"] ", but they take " is["constants"])
    if (is["weights"] + 0 > is["flash"] + 0) wrong("more weights than flash")
    if (is["activations"] == "" || is["activations"] + 0 > is["stack"] + 0) wrong("more activations than stack")
    if (is["loads"] + 0 == 0 || is["loads"] + 0 > is["instructions"] + 0) wrong("more loads than instructions")
    if (is["kind"] ~ /^float/ && is["core"] !~ /^m[03]$/) {
      least = is["loads"] + (is["kind"] == "float" ? 2 : 1) * is["multiply_adds"]
      if (is["instructions"] + 0 < least || is["instructions"] > 4 / 3 * least)
        wrong(is["instructions"] " instructions for " least " operations and loads")
    }
  }
  END {
    if (NR != 1) { print "budget: one line RESULT is wanted" > "/dev/stderr"; bad = 1 }
    if (record && !bad) for (i = 1; i <= lines; ++i) print kept[i] > budgets
    exit bad
  }'
