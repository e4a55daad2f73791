#!/bin/sh
# Programs that were linked with the C library and nothing else, with the drop-in library before
# them: what the kernel would answer is answered, and the kernel is not asked, or this test dies.
set -eu
. "${srcdir:-.}/tests/dropin/run.sh"

for program in tests/dropin/names_kernel tests/dropin/names_narrow_kernel; do
    [ -e "$program" ] || continue # only for one width of time_t
    run "$program"
    echo "$program: as on the kernel"
done
