#!/bin/sh
# One store: what a program made with the standard's names under the drop-in library, Python finds on the
# posix backend under the same keys; what it writes there, the next such program reads.
set -eu
. "${srcdir:-.}/tests/python/support.sh"
. "${srcdir:-.}/tests/dropin/run.sh"

meet()
{
    run tests/dropin/meet_kernel make && PYTHONPATH=$(tree posix) "$python" "$top/tests/python/dropin_meet.py" &&
        run tests/dropin/meet_kernel use && run tests/dropin/meet_kernel check
}

for_each '*' meet
