#!/bin/sh
# The tests of SHMArrays under CPython 3, with the sysv backend.
exec /bin/sh "${srcdir:-.}/tests/python/run.sh" sysv 3 arrays
