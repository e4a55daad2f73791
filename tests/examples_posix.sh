#!/bin/sh
# The examples, linked with the posix backend.
EXAMPLES=tests/posix exec /bin/sh "${srcdir:-.}/tests/examples.sh"
