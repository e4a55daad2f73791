#!/bin/sh
# run2.sh BACKEND: the Python tests under CPython 2.7, which has no pytest; those that need a module
# which is not there skip themselves.
set -u
. "${srcdir:-.}/tests/python/support.sh"

run()
{
    environment "$backend"
    "$python" -m unittest discover -v -s "$top/tests/python" -p 'test_*.py' 2>&1
}

backend=$1
for_each '2.*' run
