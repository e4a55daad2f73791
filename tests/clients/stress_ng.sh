#!/bin/sh
# stress-ng, which checks what it reads.
set -u
. "${0%/*}/common.sh"

needs stress-ng

# stress STRESSOR OPERATIONS ARGUMENT...: ends well, and has counted so many
stress()
{
    stressor=$1
    operations=$2
    shift 2
    "$run" stress-ng --verify --metrics-brief --timeout "$seconds" --temp-path "$work" \
        "--$stressor" 2 "--$stressor-ops" "$operations" "$@" >"$work/stress" 2>&1
    status=$?
    cat "$work/stress"
    [ "$status" = 0 ] && ! grep -q ' fail: ' "$work/stress" &&
        counted=$(awk -v stressor="$stressor" '/ metrc: / && $4 == stressor { print $5; exit }' "$work/stress") &&
        [ "${counted:-0}" -ge "$operations" ]
}

# stressor KINDS STRESSOR OPERATIONS ARGUMENT...
stressor()
{
    objects=$1
    shift
    run=client seconds=$limit
    checked "$name, $mode: $1" stress "$@"
    [ "$mode" != kernel ] || return 0
    # Words are wanted.
    # shellcheck disable=SC2086
    checked "$name, $mode: $1: the store held $objects" held $objects
    # It goes on without the calls until its time is over, says that it skips, or dies.
    run=bare seconds=1
    checked "$name, $mode: $1: fails without the library" fails stress "$@"
}

stressor "m mk" shm-sysv 60 --shm-sysv-bytes 1m --shm-sysv-segs 4
# At its end, and after a thousand operations, a process asks by number for a command that does not exist.
own_calls='^call [0-9]+\(0x[0-9a-f]+, 0x0, 0x7fffffff\) of process [0-9]+, stress-ng-sem-s'
stressor "s sk" sem-sysv 1900 --sem-sysv-procs 3
stressor q msg 10000 --msg-types 8
finish
