#!/bin/sh
# run3.sh BACKEND short|long: the Python tests under CPython 3, by pytest where it is there. Those that
# take long are run apart, so that several processors have something to do.
#
# LIBSHM_TEST_WARNINGS  what is done about warnings, as python -W has it, such as "error"
set -u
. "${srcdir:-.}/tests/python/support.sh"

long_tests='test_arrays_model test_arrays_processes test_leaks'

# The files of the wanted length.
files()
{
    for file in "$top"/tests/python/test_*.py; do
        name=$(basename "$file" .py)
        case " $long_tests " in
        *" $name "*) [ "$length" = short ] || echo "$file" ;;
        *) [ "$length" = long ] || echo "$file" ;;
        esac
    done
}

run()
{
    environment "$backend"
    warnings=${LIBSHM_TEST_WARNINGS:+-W $LIBSHM_TEST_WARNINGS}
    # Words are wanted: these are options, and names of files.
    # shellcheck disable=SC2046,SC2086
    if "$python" -c 'import pytest' 2>/dev/null; then
        "$python" -m pytest $warnings -q -rs -p no:cacheprovider --rootdir="$top/tests/python" $(files) 2>&1
    else
        "$python" $warnings -m unittest -v $(files | sed 's,.*/,,; s,\.py$,,') 2>&1
    fi
}

backend=$1
length=$2
scratch_folder
HYPOTHESIS_STORAGE_DIRECTORY=$work/hypothesis
export HYPOTHESIS_STORAGE_DIRECTORY
for_each '3.*' run
