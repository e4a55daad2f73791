#!/bin/sh
# switches.sh [SWITCH...]: shows that the tests can fail. Turns off each protection of
# tests/switches.txt, or those that are named, runs the tests that must catch it and then all others
# until one goes red, and prints which did. Run in the folder of a build with --enable-switches;
# srcdir is the source's. JOBS tests run at a time.
set -u
: "${srcdir:=.}" "${JOBS:=2}"
LIBSHM_TEST_TIMEOUT=${LIBSHM_TEST_TIMEOUT:-60}
CK_DEFAULT_TIMEOUT=${CK_DEFAULT_TIMEOUT:-20}
export srcdir LIBSHM_TEST_TIMEOUT CK_DEFAULT_TIMEOUT

table=$srcdir/tests/switches.txt

# run_test TEST BACKEND FILE: runs NAME[:ARGUMENT] and puts what it says into the file
run_test()
{
    argument=$(printf '%s' "${1#"${1%%:*}"}" | tr '+' ' ')
    set -- "tests/${1%%:*}_$2" "${argument#:}" "$3"
    if [ -n "$2" ]; then
        tests/isolate "$1" "$2" >"$3" 2>&1 </dev/null
    else
        tests/isolate "$1" >"$3" 2>&1 </dev/null
    fi
}

# complaint FILE: the line in which a test has said what is wrong
complaint()
{
    {
        grep -E '\.c:[0-9]+:' "$1"
        grep -E '^isolate: .*(killed|left|outlive)' "$1"
        tail -n 1 "$1"
    } | head -n 1 | sed 's,^[^ ]*tests/,,; s/^isolate: [^ ]*: //' | cut -c 1-150
}

# others TESTS BACKEND: the tests of the backend that are not among these
others()
{
    for other in tests/check_*_"$2" tests/prog_*_"$2"; do
        other=${other#tests/}
        other=${other%_"$2"}
        case ",$1," in
        *",$other,"* | *",$other:"*) ;;
        *) printf '%s\n' "$other" ;;
        esac
    done
}

# row SWITCH BACKEND TEXT
row()
{
    printf '%-18s %-6s %s\n' "$1" "$2" "$3" >&2
}

# first_red TESTS BACKEND FILE: runs them until one is red, and says so; false if none is. In
# `skipped` are those that could not run.
first_red()
{
    for test in $1; do
        run_test "$test" "$2" "$3"
        status=$?
        [ "$status" != 77 ] || skipped="$skipped $test"
        case $status in
        0 | 77) ;;
        *)
            # Of a test that nobody expects to hang, a long time shows a busy machine only.
            if [ "$expected" = no ] && grep -q '^isolate: .* killed after' "$3"; then
                skipped="$skipped $test"
                continue
            fi
            red="$test: $(complaint "$3")"
            return 0
            ;;
        esac
    done
    return 1
}

# without BACKEND TEST FILE: the test with all protections; it must be green, however busy the machine is
without()
{
    LIBSHM_TEST_TIMEOUT=$((10 * LIBSHM_TEST_TIMEOUT))
    CK_DEFAULT_TIMEOUT=$((10 * CK_DEFAULT_TIMEOUT))
    skipped=
    expected=yes
    if first_red "$2" "$1" "$3"; then
        row '(none)' "$1" "$red"
        echo failed
    elif [ -n "$skipped" ]; then
        row '(none)' "$1" "$2 cannot run here"
        echo skipped
    else
        echo passed
    fi
}

# with SWITCH BACKEND TESTS FILE: the switch; a test must be red
with()
{
    LIBSHM_TEST_OFF=$1
    export LIBSHM_TEST_OFF
    skipped=
    expected=yes
    if first_red "$(printf '%s' "$3" | tr ',' ' ')" "$2" "$4" ||
        { unable=$skipped expected=no; first_red "$(others "$3" "$2")" "$2" "$4"; }; then
        row "$1" "$2" "$red"
        echo passed
    elif [ -n "$unable" ]; then
        row "$1" "$2" "no test misses it, but these could not run:$unable"
        echo skipped
    else
        row "$1" "$2" "NO TEST MISSES IT"
        echo failed
    fi
}

# Rows are for the reader, on stderr; the last word on stdout is the result.
case ${1:-} in
--without | --with)
    job=${1#--}
    shift
    work=$(mktemp)
    trap 'rm -f "$work"' EXIT
    "$job" "$@" "$work"
    exit 0
    ;;
esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# rows: the table without comments, one line for each switch and backend
rows()
{
    while read -r switch backends tests what; do
        case $switch in
        '#'* | '') continue ;;
        esac
        [ "$backends" = both ] && backends='posix sysv'
        for backend in $backends; do
            printf '%s %s %s %s\n' "$switch" "$backend" "$tests" "$what"
        done
    done <"$table"
}

rows >"$work/rows"

# A name that no switch has, in the table or by a slip, must not count as a switch that is off.
LIBSHM_TEST_OFF='no such switch' tests/prog_arrays_add_posix >"$work/known" 2>&1
status=$?
if [ "$status" != 99 ] || ! sed 1d "$work/known" | sort >"$work/names" || [ ! -s "$work/names" ]; then
    echo "an unknown switch was not refused: this is no build with --enable-switches"
    echo "0 passed, 1 failed"
    exit 1
fi
if ! cut -d ' ' -f 1 "$work/rows" | sort -u | diff - "$work/names"; then
    echo "the switches in $table (<) are not those of the programs (>)"
    echo "0 passed, 1 failed"
    exit 1
fi

for name; do
    grep -q "^$name " "$work/rows" || { echo "there is no switch $name"; exit 1; }
    grep "^$name " "$work/rows"
done >"$work/wanted"
[ $# -gt 0 ] || cp "$work/rows" "$work/wanted"

# in_parallel JOB NUMBER: runs the job with each NUMBER words of the input
in_parallel()
{
    tr ' ' '\n' | xargs -n "$2" -P "$JOBS" sh "$0" "--$1" >>"$work/results"
}

# First without any switch: the same build and tests are green, or the others show nothing.
cut -d ' ' -f 2,3 "$work/wanted" | while read -r backend tests; do
    printf '%s\n' "$tests" | tr ',' '\n' | sed "s/^/$backend /"
done | sort -u | in_parallel without 2
cut -d ' ' -f 1-3 "$work/wanted" | in_parallel with 3

passed=$(grep -cx passed "$work/results")
failed=$(grep -cx failed "$work/results")
skipped=$(grep -cx skipped "$work/results")
printf '%s passed, %s failed, %s skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
