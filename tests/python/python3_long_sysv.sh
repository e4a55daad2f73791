#!/bin/sh
# The Python tests that take long, under CPython 3, with the sysv backend.
exec /bin/sh "${srcdir:-.}/tests/python/run3.sh" sysv long
