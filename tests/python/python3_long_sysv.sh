#!/bin/sh
# The tests of SHMArrays that take long, under CPython 3, with the sysv backend.
exec /bin/sh "${srcdir:-.}/tests/python/run.sh" sysv 3 long
