#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# table.sh [FILE]: the records and limits of budgets.txt as a table in Markdown; with FILE, fails unless it has this
# table.
set -u
here=$(cd "$(dirname "$0")" && pwd)
table=$(awk '
  $1 == "limit" { limit[$2 $3 $4] = $5 " / " $7 " / " $8 }
  $1 == "measured" { rows[++n] = $2 " | " $3 " | " $4 " | " $5 " | " $6 " | " $7 " | " $8; key[n] = $2 $3 $4 }
  END {
    print "| core | kind | network | flash | data | stack | instructions | at most: flash / stack / instructions |"
    print "|---|---|---|---|---|---|---|---|"
    for (i = 1; i <= n; ++i) print "| " rows[i] " | " limit[key[i]] " |"
  }' "$here/budgets.txt")
if [ $# -eq 0 ]; then printf '%s\n' "$table" && exit; fi
TABLE=$table awk '{ text = text $0 "\n" } END { exit index(text, ENVIRON["TABLE"] "\n") == 0 }' "$1" && exit
echo "$1 has not the table that sh examples/firmware/table.sh prints" >&2
exit 1
