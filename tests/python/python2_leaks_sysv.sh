#!/bin/sh
# That nothing leaks under CPython 2.7, with the sysv backend.
exec /bin/sh "${srcdir:-.}/tests/python/run.sh" sysv 2 leaks
