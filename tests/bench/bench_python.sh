#!/bin/sh
# Runs bench_python.py for each CPython 3 that configure has found and that has numpy.
set -u
. "${srcdir:-.}/tests/python/support.sh"

# both_backends: with variables of the interpreter
both_backends()
{
    "$python" -c 'import numpy' 2>/dev/null || { echo "without numpy: nothing is measured"; return; }
    for backend in posix sysv; do
        LIBSHM_NAMESPACE=bench$$ PYTHONPATH=$(tree "$backend") "$python" "$top/tests/bench/bench_python.py" ||
            return
    done
}

for_each '3.*' both_backends
