#!/bin/sh
# The tests of SHMArrays that take long, under CPython 3, with the posix backend.
exec /bin/sh "${srcdir:-.}/tests/python/run.sh" posix 3 long
