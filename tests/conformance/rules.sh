#!/bin/sh
# rules.txt has every rule of doc/semantics.md once and no other; its tests exist, are run, and name the
# rule in their comment; a rule that a comment names has that test in its row. At most twelve rules are
# the kernel's only, each with a reason.
set -u
: "${srcdir:=.}"

here=$srcdir/tests/conformance
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
LC_ALL=C
export LC_ALL
failed=0

# same WHAT: the files expected and found
same()
{
    if ! diff "$work/expected" "$work/found"; then
        echo "^ $1 (<: missing, >: too much)"
        failed=1
    fi
}

sed -n 's/^- \*\*\(S[0-9.]*\)\*\*.*/\1/p' "$srcdir/doc/semantics.md" | sort >"$work/expected"
grep -v '^#' "$here/rules.txt" | cut -d ' ' -f 1 | sort >"$work/found"
[ "$(wc -l <"$work/expected")" -ge 150 ] || { echo "no rules in doc/semantics.md"; exit 1; }
same "rules of doc/semantics.md in rules.txt"

# Lines of "RULE FILE:TEST", from the comments and from the table.
for file in "$here"/*.c; do
    name=$(basename "$file" .c)
    sed -n 's,^START_TEST(\([a-z0-9_]*\)) */\* \(.*\) \*/,\1 \2,p' "$file" |
        while read -r test rules; do
            echo "$rules" | grep -oE 'S[0-9]+\.[0-9]+' | sed "s/\$/ $name:$test/"
        done
done | sort >"$work/expected"
grep -v '^#' "$here/rules.txt" | sed 's/ #.*//' | while read -r rule tests; do
    for test in $tests; do
        echo "$rule $test"
    done
    [ -n "$tests" ] || echo "$rule has no test"
done | sort >"$work/found"
same "tests of rules.txt and the rules that comments of tests name"

# What is added to a suite is followed by a comma or the end of the list.
for file in "$here"/*.c; do
    sed -n 's/^START_TEST(\([a-z0-9_]*\)).*/\1/p' "$file" | while read -r test; do
        sed -n '/ADD_TESTS(/,/);/p' "$file" | grep -qE "[ (]${test}[,)]" ||
            echo "$file: $test is not run"
    done
done >"$work/not_run"
if [ -s "$work/not_run" ]; then
    cat "$work/not_run"
    failed=1
fi
marked=$(grep -c '# kernel only: .' "$here/rules.txt")
echo "$(grep -vc '^#' "$here/rules.txt") rules, $marked of them the kernel's only;" \
    "$(cat "$here"/*.c | grep -c '^START_TEST(') tests"
if [ "$marked" -gt 12 ] || [ "$marked" != "$(grep -vc '^[^#]*$\|^#' "$here/rules.txt")" ]; then
    echo "too many rules are the kernel's only, or one has no reason"
    failed=1
fi
exit "$failed"
