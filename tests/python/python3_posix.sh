#!/bin/sh
# The tests of the package and the smaller modules under CPython 3, with the posix backend.
exec /bin/sh "${srcdir:-.}/tests/python/run.sh" posix 3 modules
