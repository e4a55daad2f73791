#!/bin/sh
# The benchmarks run and check their own results; what they say of it is complete, and no copy was
# faster than the machine can copy. No time is judged.
set -u
. "${srcdir:-.}/tests/python/support.sh"
scratch_folder
LIBSHM_BENCH_LOOPS=$PWD/tests/bench/.libs/loops.so
export LIBSHM_BENCH_LOOPS
measured=

# python_results: with variables of the interpreter; one that has numpy is enough
# shellcheck disable=SC2317 # for_each calls it
python_results()
{
    if [ -n "$measured" ] || ! "$python" -c 'import numpy' 2>/dev/null; then
        return
    fi
    measured=yes
    for backend in posix sysv; do
        PYTHONPATH=$(tree "$backend") "$python" "$top/tests/bench/bench_python.py" --quick \
            --json "$work/python-$backend.json" >"$work/text" || { cat "$work/text"; return 1; }
    done
}

c_results()
{
    for backend in posix sysv; do
        "tests/bench/bench_$backend" --quick --json "$work/c-$backend.json" >"$work/text" ||
            { cat "$work/text"; return 1; }
    done
}

# Without Python nobody can read them closely.
check_results()
{
    for reader in python3 "$(sed -n '1s/^3[^|]*|\([^|]*\)|.*/\1/p' "$table")"; do
        if "$reader" -c 'import json' 2>/dev/null; then
            "$reader" "$top/tests/bench/report.py" --check "$work"/*.json
            return
        fi
    done
    for backend in posix sysv; do
        grep -q '"good": true}$' "$work/c-$backend.json" || return 1
    done
}

"$top/tests/bench/names.sh" --quick --json "$work/names.json" || fail "the standard's names"

# What else runs on the machine can slow the limits alone: then once more.
for attempt in 1 2 3 4; do
    measured=
    c_results || fail "the program in C"
    if grep -q '^3\.' "$table"; then
        for_each '3.*' python_results || fail "the program in Python"
    fi
    check_results
    status=$?
    [ "$status" = 3 ] || exit "$status"
    echo "attempt $attempt: not possible"
done
fail "copies are faster than the machine can copy"
