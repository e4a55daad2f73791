#!/bin/sh
# Runs the benchmarks in the folder of the build, each on both backends, those in Python with each
# CPython 3 that configure has found and that has numpy.
#
# run.sh            prints
# run.sh --quick    prints what means nothing, soon
# run.sh --report   renders doc/performance.md and its plots from what it measures
set -eu
. "${srcdir:-.}/tests/python/support.sh"

quick='' report='' renderer=''
case ${1-} in
--quick) quick=--quick ;;
--report) report=yes ;;
esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
LIBSHM_NAMESPACE=bench$$
LIBSHM_BENCH_LOOPS=$PWD/tests/bench/.libs/loops.so
export LIBSHM_NAMESPACE LIBSHM_BENCH_LOOPS

# both_backends: with variables of the interpreter
both_backends()
{
    "$python" -c 'import numpy' 2>/dev/null || { echo "without numpy: nothing is measured"; return; }
    for backend in posix sysv; do
        # One word or none.
        # shellcheck disable=SC2086
        PYTHONPATH=$(tree "$backend") "$python" "$top/tests/bench/bench_python.py" $quick \
            --json "$work/python-$tag-$backend.json" || return
    done
}

# The one that can plot, if there is one.
can_plot()
{
    if "$python" -c 'import matplotlib' 2>/dev/null; then
        renderer=$python
    fi
}

for backend in posix sysv; do
    # shellcheck disable=SC2086
    "tests/bench/bench_$backend" $quick --json "$work/c-$backend.json"
done
# shellcheck disable=SC2086
"$top/tests/bench/names.sh" $quick --json "$work/names.json"
for_each '3.*' both_backends
for_each '3.*' can_plot >"$work/text"
[ -z "$report" ] || "${renderer:-python3}" "$top/tests/bench/report.py" "$top/doc" "$work"/*.json
