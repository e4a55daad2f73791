#!/bin/sh
# run.sh BACKEND VERSION KIND...: the Python tests of these kinds with each CPython 2 or 3 that is
# configured, by pytest where it is there; what needs a module that is missing skips itself. Kinds are
# run apart so that several processors have something to do:
#
#   leaks    test_leaks, which makes objects many times
#   long     test_arrays_model and test_arrays_processes
#   arrays   the other test_arrays*
#   modules  all other tests
#
# LIBSHM_TEST_WARNINGS  what is done about warnings, as python -W has it, such as "error"
set -u
. "${srcdir:-.}/tests/python/support.sh"

kind_of()
{
    case $1 in
    test_leaks) echo leaks ;;
    test_arrays_model | test_arrays_processes) echo long ;;
    test_arrays*) echo arrays ;;
    *) echo modules ;;
    esac
}

# The names of the wanted tests.
names()
{
    for file in "$top"/tests/python/test_*.py; do
        name=$(basename "$file" .py)
        case " $kinds " in
        *" $(kind_of "$name") "*) echo "$name" ;;
        esac
    done
}

run()
{
    environment "$backend"
    warnings=${LIBSHM_TEST_WARNINGS:+-W $LIBSHM_TEST_WARNINGS}
    # Words are wanted: these are options and names of modules.
    # shellcheck disable=SC2046,SC2086
    if "$python" -c 'import pytest' 2>/dev/null; then
        "$python" -m pytest $warnings -q -rsfE --durations=5 -p no:cacheprovider \
            --rootdir="$top/tests/python" --pyargs $(names) 2>&1
    else
        "$python" $warnings -m unittest -v $(names) 2>&1
    fi
}

backend=$1
version=$2
shift 2
kinds=$*
scratch_folder
HYPOTHESIS_STORAGE_DIRECTORY=$work/hypothesis
export HYPOTHESIS_STORAGE_DIRECTORY
for_each "$version.*" run
