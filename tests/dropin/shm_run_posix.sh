#!/bin/sh
# shm-run: the program's own status and arguments, what was preloaded before, and refusals; and the
# same once it is installed.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
run=compat/sysv/shm-run
# The sanitizers' run-time has to be first in programs that are made with it, and the shell is not.
ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0
export ASAN_OPTIONS

# status WANTED COMMAND...
status()
{
    wanted=$1
    shift
    got=0
    "$@" >"$work/out" 2>&1 || got=$?
    [ "$got" = "$wanted" ] && return
    echo "$*: status $got, not $wanted"
    cat "$work/out"
    exit 1
}

status 0 "$run" tests/dropin/show PRELOAD
grep -q 'libshm-sysv' "$work/out"
status 0 "$run" -- tests/dropin/show 'two words' '' '*'
[ "$(sed -n 2,4p "$work/out")" = '<two words>
<>
<*>' ] || { cat "$work/out"; exit 1; }
status 7 "$run" tests/dropin/show --exit 7
status 127 "$run" "$work/no-such-program"
status 125 "$run"
grep -q '^usage: shm-run' "$work/out"
status 125 "$run" --unknown
status 0 "$run" --help
status 0 "$run" --version
grep -qx "shm-run $VERSION" "$work/out"

# What was there stays, in front; what is ours comes once. shm-run itself is a script: the shell has to be
# of the same C library.
before=$PWD/tests/dropin/.libs/dropin_plugin.so
preloaded_twice()
{
    LD_PRELOAD=$before "$run" "$PWD/$run" tests/dropin/show >"$work/out"
    preloaded=$(sed -n '1s/^LD_PRELOAD=//p' "$work/out")
    case $preloaded in
    "$before:$PWD/.libs/libshm-sysv.so"*) ;;
    *) echo "preloaded: $preloaded"; exit 1 ;;
    esac
    [ "$(printf '%s\n' "$preloaded" | tr ':' '\n' | grep -c 'libshm-sysv\.so')" = 1 ]
}
if LD_PRELOAD=$before sh -c : 2>"$work/out" && [ ! -s "$work/out" ]; then
    preloaded_twice
else
    echo "left out: what was preloaded before, the shell is of another C library"
fi

# Installed, it is at home where it was configured to be: here that is a folder in a folder.
unset MAKEFLAGS MFLAGS MAKELEVEL
"$MAKE" install DESTDIR="$work/stage" >"$work/install" 2>&1 || { cat "$work/install"; exit 1; }
find "$work/stage" -name shm-run -path '*/bin/*' >"$work/found"
installed=$(cat "$work/found")
if grep -F "$PWD" "$installed"; then
    echo "^ the installed shm-run names the build folder"
    exit 1
fi
sed "s|'$LIBRARY_FOLDER'|'$work/stage$LIBRARY_FOLDER'|" "$installed" >"$work/shm-run"
chmod +x "$work/shm-run"
status 0 "$work/shm-run" tests/dropin/names_kernel
status 0 env LD_LIBRARY_PATH="$work/stage$LIBRARY_FOLDER" tests/dropin/names_linked_posix
