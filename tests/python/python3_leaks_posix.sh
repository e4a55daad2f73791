#!/bin/sh
# That nothing leaks under CPython 3, with the posix backend.
exec /bin/sh "${srcdir:-.}/tests/python/run.sh" posix 3 leaks
