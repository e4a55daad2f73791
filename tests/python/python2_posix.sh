#!/bin/sh
# The Python tests under CPython 2.7, with the posix backend.
exec /bin/sh "${srcdir:-.}/tests/python/run.sh" posix 2 modules arrays long
