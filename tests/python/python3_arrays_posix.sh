#!/bin/sh
# The tests of SHMArrays under CPython 3, with the posix backend.
exec /bin/sh "${srcdir:-.}/tests/python/run.sh" posix 3 arrays
