#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# sh examples/firmware/stack_bound.sh ENTRY FILE.ci: the most bytes of stack that ENTRY and all it calls can take, from what
# g++ -fcallgraph-info=su says. Status 1, with the reason, where there is no bound: recursion, calls through pointers,
# frames that grow. Functions of the compiler's own library, whose frames it does not say, count 64 bytes; memcpy and its
# like, which startup.cpp has, 32.
set -eu
awk -v entry="$1" '
  function quoted(key) { return match($0, key ": \"[^\"]*\"") ? substr($0, RSTART + length(key) + 3, RLENGTH - length(key) - 4) : "" }
  /^node:/ {
    name = quoted("title"); label = quoted("label")
    if (match(label, /[0-9]+ bytes \([a-z,]*\)/)) {
      split(substr(label, RSTART, RLENGTH), words, " ")
      frame[name] = words[1]
      if (words[3] ~ /dynamic/ && words[3] !~ /bounded/) grows[name] = 1
    }
  }
  /^edge:/ { calls[quoted("sourcename")] = calls[quoted("sourcename")] "\n" quoted("targetname") }
  function fail(why) { print why > "/dev/stderr"; failed = 1; exit 1 }
  function depth(name, path,   all, n, i, most, below) {
    if (index(path, "\n" name "\n")) fail("recursion: " name)
    if (name == "__indirect_call") fail("a call through a pointer in" path)
    if (name in grows) fail("a frame that grows: " name)
    if (!(name in frame)) {
      if (name ~ /^__(aeabi|gnu)_/ || name ~ /^__[a-z]+[sd]i[234]?$/) return 64
      if (name ~ /^mem(cpy|move|set)$/) return 32
      fail("no frame is known of " name)
    }
    if (name in known) return known[name]
    n = split(calls[name], all, "\n"); most = 0
    for (i = 2; i <= n; ++i) { below = depth(all[i], path "\n" name "\n"); if (below > most) most = below }
    return known[name] = frame[name] + most
  }
  END { if (!failed) { if (!(entry in frame)) fail("there is no function " entry); print depth(entry, "\n") } }' "$2"
