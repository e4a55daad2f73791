#!/bin/sh
# The examples, linked with the sysv backend.
EXAMPLES=tests/sysv exec /bin/sh "${srcdir:-.}/tests/examples.sh"
