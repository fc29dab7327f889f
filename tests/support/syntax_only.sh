#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# syntax_only.sh COMPILER ARGUMENTS...: checks what the command would compile, static assertions and templates included,
# and leaves an empty file for the object, so that the build knows what is done. Half the time of making objects.
"$@" -fsyntax-only || exit
while [ $# -gt 1 ]; do
  [ "$1" = -o ] && : >"$2"
  shift
done
