#!/bin/sh
# One store: what a program under the drop-in library makes, one on libshm's posix backend finds under
# the same key, and the other way round; also in another folder and another namespace.
set -eu
. "${srcdir:-.}/tests/dropin/run.sh"

# meet FIRST SECOND: commands that make, and that use what was made
meet()
{
    $1 make
    $2 use
    $1 check
}

both()
{
    meet 'run tests/dropin/meet_kernel' tests/dropin/meet_contract_posix
    meet tests/dropin/meet_contract_posix 'run tests/dropin/meet_kernel'
}

both
run tests/dropin/meet_kernel make
tests/shmtool_posix ls | grep -q 0600 || { echo "shmtool does not list it"; exit 1; }
if LIBSHM_NAMESPACE=another run tests/dropin/meet_kernel use; then
    echo "a namespace does not separate"
    exit 1
fi
run tests/dropin/meet_kernel use
run tests/dropin/meet_kernel check

LIBSHM_DIR=$(mktemp -d)
export LIBSHM_DIR
trap 'rm -rf "$LIBSHM_DIR"' EXIT
run tests/dropin/meet_kernel make
[ "$(find "$LIBSHM_DIR" -name 'libshm.*' | wc -l)" = 6 ] || { ls -l "$LIBSHM_DIR"; exit 1; }
tests/dropin/meet_contract_posix use
run tests/dropin/meet_kernel check
both
[ -z "$(find "$LIBSHM_DIR" -name 'libshm.*')" ]
