#!/bin/sh
# What `make install` puts into the site folders works from there, for each interpreter, and
# `make uninstall` leaves nothing of it; extensions export nothing but their beginning.
set -eu
. "${srcdir:-.}/tests/python/support.sh"

scratch_folder
stage=$work/stage
backend=$(sed -n 's/^backend=//p' libshm/libshm.pc)
# The make that runs this test must not hand its options on.
unset MAKEFLAGS MFLAGS MAKELEVEL

make_quietly()
{
    "$MAKE" "$@" DESTDIR="$stage" >"$work/make.log" 2>&1 || { cat "$work/make.log"; fail "make $*"; }
}

# With compiled files beside it, as users get them, so that `make uninstall` meets those.
run()
{
    PYTHONDONTWRITEBYTECODE='' PYTHONPATH=$stage$site "$python" "$@"
}

imports()
{
    run -c '
import sys
import libshm, shm, shm_wrapper
for module in (libshm, shm, shm_wrapper):
    assert module.__file__.startswith(sys.argv[1]), module.__file__
assert shm.version() == sys.argv[2], shm.version()
assert shm.backend() == sys.argv[3], shm.backend()
' "$stage" "$VERSION" "$backend"
}

has_manual()
{
    run -m pydoc shm >"$work/pydoc" 2>&1
    for word in create_memory create_semaphore memory_haskey 'memory(id)' 'semaphore(id)' 'class error'; do
        grep -q "$word" "$work/pydoc" || { cat "$work/pydoc"; fail "pydoc shm has no $word"; }
    done
}

installed()
{
    imports
    has_manual
}

exports_its_beginning()
{
    name=PyInit__shm
    [ "${tag%%.*}" != 2 ] || name=init_shm
    for extension in compat/python/*-"$tag"/libshm/_shm*.so; do
        # A command with options, such as "nm -B".
        # shellcheck disable=SC2086
        exported=$($NM -D --defined-only "$extension" | sed 's/.* //')
        [ "$exported" = "$name" ] || fail "$extension exports $exported"
    done
}

make_quietly install
LD_LIBRARY_PATH=$stage$LIBRARY_FOLDER${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export LD_LIBRARY_PATH
for_each '*' installed
for_each '*' exports_its_beginning
make_quietly uninstall
if find "$stage" ! -type d | grep .; then
    fail "left by make uninstall"
fi
