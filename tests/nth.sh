#!/bin/sh
# prog_nth leaves nothing out: what the library takes from the C library has a wrapper that can
# let it fail, or a reason in nth_left_out.txt why it needs none; and each function of the library
# is called by a case, or is listed there.
set -u
: "${srcdir:=.}"

left_out=$srcdir/tests/nth_left_out.txt
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
LC_ALL=C
export LC_ALL
failed=0

# is_left_out KIND NAME
is_left_out()
{
    while read -r kind pattern reason; do
        if [ "$kind" = "$1" ] && [ -n "$reason" ] && echo "$2" | grep -qxE "$pattern"; then
            return 0
        fi
    done <"$left_out"
    return 1
}

# symbols LETTERS ARCHIVE: names whose letter is one of these
symbols()
{
    # A command with options, such as "nm -B".
    # shellcheck disable=SC2086
    $NM "$2" 2>/dev/null | sed -n "s/^.* [$1] \([A-Za-z_.][A-Za-z0-9_.]*\).*/\1/p" | sort -u
}

sed -n 's/^[[:space:]]*-Wl,--wrap=\([A-Za-z0-9_]*\).*/\1/p' "$srcdir/tests/local.mk" |
    sort >"$work/wrapped"
[ -s "$work/wrapped" ] || { echo "tests/local.mk wraps nothing"; exit 1; }

for backend in posix sysv; do
    archive=libshm/.libs/libwhole_$backend.a
    [ -e "$archive" ] || { echo "$archive is missing"; exit 1; }
    symbols UuVvWw "$archive" >"$work/undefined"
    symbols ABCDRTW "$archive" >"$work/defined"
    comm -23 "$work/undefined" "$work/defined" >"$work/imported"
    grep -qx open "$work/imported" || grep -qx open64 "$work/imported" ||
        { echo "$archive does not open files: nm was not understood"; exit 1; }
    comm -23 "$work/imported" "$work/wrapped" >"$work/unwrapped"
    while read -r name; do
        is_left_out function "$name" && continue
        echo "$name, taken by $archive, has no wrapper in tests/nth_wrap.c and no reason"
        failed=1
    done <"$work/unwrapped"
    echo "$backend: $(wc -l <"$work/imported") functions taken," \
        "$(comm -12 "$work/imported" "$work/wrapped" | wc -l) wrapped"
done

{
    grep -v '^#' "$srcdir/tests/symbols.txt"
    sed -n 's/^[a-z].*[ *]\(shm_backend_[a-z_]*\)(.*/\1/p' "$srcdir/libshm/backend.h"
} | sort -u >"$work/calls"
# Members have a macro for each family.
for family in memory semaphore; do
    sed "s/^MEMBER(\([a-z]*\),.*/ shm_${family}_\1(/" "$srcdir/tests/nth_cases_$family.c"
done >"$work/cases"
cat "$srcdir"/tests/nth_cases_*.c >>"$work/cases"
while read -r name; do
    grep -q "[^a-z_]$name(" "$work/cases" || is_left_out call "$name" ||
        { echo "$name is called by no case of tests/nth_cases_*.c, without a reason"; failed=1; }
done <"$work/calls"
echo "$(wc -l <"$work/calls") functions of the library"
exit "$failed"
