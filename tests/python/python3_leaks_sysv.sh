#!/bin/sh
# That nothing leaks under CPython 3, with the sysv backend.
exec /bin/sh "${srcdir:-.}/tests/python/run.sh" sysv 3 leaks
