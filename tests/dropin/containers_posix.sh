#!/bin/sh
# Two containers into which one folder is mounted, at different places, share what is in it: processes of
# other namespaces of processes, mounts and System V IPC, of which each has a shared memory mount of its own.
set -eu
. "${srcdir:-.}/tests/dropin/run.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/store" "$work/here" "$work/there"

# What a container begins with: the folder at $1, nothing else shared.
# shellcheck disable=SC2016 # expanded in there
inside='mount --bind "$2" "$1" && mount -t tmpfs none /dev/shm && LIBSHM_DIR=$1 && export LIBSHM_DIR &&
    shift 2 && exec "$@"'
user=
[ "$(id -u)" = 0 ] || user=--map-root-user

# contained PLACE COMMAND...
contained()
{
    place=$1
    shift
    # One word or none.
    # shellcheck disable=SC2086
    exec unshare $user --mount --pid --ipc --fork --kill-child sh -c "$inside" sh "$place" "$work/store" "$@"
}

if ! (contained "$work/here" true) 2>"$work/refused"; then
    echo "no containers can be made here: $(cat "$work/refused")"
    exit 77
fi
program=compat/sysv/shm-run

(contained "$work/here" $program tests/dropin/meet_kernel make)
(contained "$work/there" $program tests/dropin/meet_kernel use)
LIBSHM_DIR=$work/store run tests/dropin/meet_kernel check

# said FILE: waits until a line is in it
said()
{
    until [ -s "$1" ]; do
        kill -0 "$2" || exit 1
        sleep 0.05
    done
}

(contained "$work/here" $program tests/dropin/contained hold >"$work/held") &
holder=$!
said "$work/held" $holder
(contained "$work/there" $program tests/dropin/contained wait >"$work/waiting") &
waiter=$!
said "$work/waiting" $waiter
kill -9 $holder
wait $waiter
[ -z "$(find "$work/store" -name 'libshm.*')" ]
