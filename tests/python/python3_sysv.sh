#!/bin/sh
# The tests of the package and the smaller modules under CPython 3, with the sysv backend.
exec /bin/sh "${srcdir:-.}/tests/python/run.sh" sysv 3 modules
