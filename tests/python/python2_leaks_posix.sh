#!/bin/sh
# That nothing leaks under CPython 2.7, with the posix backend.
exec /bin/sh "${srcdir:-.}/tests/python/run.sh" posix 2 leaks
