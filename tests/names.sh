#!/bin/sh
# doc/names.md against the library: every legacy name has its C name by the rule, every C name is
# exported and declared, and every function of shm.h is in a table.
set -u
: "${srcdir:=.}"

names=$srcdir/doc/names.md
header=$srcdir/libshm/shm.h
symbols=$srcdir/tests/symbols.txt
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
LC_ALL=C
export LC_ALL
failed=0

complain()
{
    echo "$*"
    failed=1
}

# The rows of the tables, without backquotes: "left right".
# shellcheck disable=SC2016
sed -n 's/^| `\([^`]*\)` | `\([^`]*\)` |$/\1 \2/p' "$names" >"$work/pairs"
# The last table: a C name and what it is for.
# shellcheck disable=SC2016
sed -n 's/^| `\(shm_[a-z_]*\)` | .*/\1/p' "$names" | sort -u >"$work/new"

grep -E '^(shm\.[a-z_]+|memory\.[a-z]+|semaphore\.[A-Za-z]+) ' "$work/pairs" |
    grep -v '^shm\.error ' >"$work/legacy"
count=$(wc -l <"$work/legacy")
[ "$count" -eq 52 ] || complain "52 legacy names are expected, the tables have $count"
for column in 1 2; do
    cut -d ' ' -f "$column" "$work/legacy" | sort | uniq -d >"$work/twice"
    [ -s "$work/twice" ] && complain "twice in the tables: $(cat "$work/twice")"
done

while read -r legacy c; do
    case $legacy in
    shm.*) rule=shm_${legacy#shm.} ;;
    *) rule=shm_$(echo "$legacy" | tr '.A-Z' '_a-z') ;;
    esac
    [ "$rule" = "$c" ] || complain "$legacy should be $rule, not $c"
done <"$work/legacy"

{
    cut -d ' ' -f 2 "$work/pairs"
    cat "$work/new"
} | sort -u >"$work/c"
while read -r c; do
    case $c in
    LIBSHM_*)
        grep -qE "^#define ${c}[[:space:]]" "$header" || complain "$c is not defined in shm.h"
        ;;
    *)
        grep -qx "$c" "$symbols" || complain "$c is not in symbols.txt"
        grep -qE "^LIBSHM_API [^;]*[ *]$c\(" "$header" || complain "$c is not declared in shm.h"
        ;;
    esac
done <"$work/c"

sed -n 's/^LIBSHM_API [^(]*[ *]\(shm_[a-z_]*\)(.*/\1/p' "$header" | sort -u >"$work/declared"
[ -s "$work/declared" ] || complain "no declarations were found in shm.h"
while read -r c; do
    grep -qx "$c" "$work/c" || complain "$c is declared in shm.h and in no table of names.md"
done <"$work/declared"

echo "$count legacy names, $(wc -l <"$work/declared") functions in shm.h"
exit "$failed"
