#!/bin/sh
# The Python tests under CPython 2.7, with the posix backend.
exec /bin/sh "${srcdir:-.}/tests/python/run2.sh" posix
