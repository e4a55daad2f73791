#!/bin/sh
# ipcmk, ipcs and ipcrm of util-linux, where there is no /proc/sysvipc.
set -u
. "${0%/*}/common.sh"

needs ipcmk ipcs ipcrm unshare
# Asked for here, in a namespace of mounts that is this script's own.
if [ -z "${HIDDEN-}" ]; then
    # The inner shell is to expand its own arguments.
    # shellcheck disable=SC2016
    hide='mount -t tmpfs none /proc/sysvipc && exec "$@"'
    unshare -m sh -c "$hide" sh true 2>/dev/null || skip "/proc/sysvipc cannot be hidden here; that needs root"
    rm -rf "$work"
    HIDDEN=yes exec unshare -m sh -c "$hide" sh sh "$0" "$@"
fi
user=$(id -un)

# makes ARGUMENT...: ipcmk does, and its id is left in $work/id
makes()
{
    client ipcmk "$@" >"$work/made" && sed -n 's/.* id: //p' "$work/made" >"$work/id" && [ -s "$work/id" ]
}

# shows PATTERN ARGUMENT...: ipcs has a line that matches as a whole; ID in it stands for the object's
shows()
{
    pattern=$(printf '%s\n' "$1" | sed "s/ID/$(cat "$work/id")/")
    shift
    client ipcs "$@" >"$work/list" && cat "$work/list" && grep -qE "^$pattern *\$" "$work/list"
}

# removes OPTION: ipcrm does, by the id, and once
removes()
{
    client ipcrm "$1" "$(cat "$work/id")" && ! client ipcrm "$1" "$(cat "$work/id")" && [ "$(in_store '*')" = 0 ]
}

# Told by the calls, where /proc/sys does not tell them.
limits()
{
    client unshare -m sh -c 'mount -t tmpfs none /proc/sys/kernel && exec ipcs -l' >"$work/list" || return
    cat "$work/list"
    for line in 'max number of segments' 'max number of arrays' 'semaphore max value' 'max queues system wide' \
        'default max size of queue \(bytes\)'; do
        grep -qE "^$line = [1-9][0-9]*\$" "$work/list" || return
    done
}

one_of_each()
{
    makes -M 1 && makes -S 1 && makes -Q
}

all_removed()
{
    client ipcrm --all && [ "$(in_store '*')" = 0 ]
}

# in_the_store KIND: one such object, and its key
in_the_store()
{
    [ "$mode" = kernel ] || { [ "$(in_store "$1")" = 1 ] && [ "$(in_store "$1k")" = 1 ]; }
}

check()
{
    about=$1
    shift
    checked "$name, $mode: $about" "$@"
}

check "ipcmk makes a segment" makes -M 5000 -p 640
check "the store holds it" in_the_store m
check "ipcs lists it" shows "0x[0-9a-f]{8} +ID +$user +640 +5000 +0" -m
check "ipcs knows its size" shows 'bytes=5000	lpid=0	cpid=[1-9][0-9]*	nattch=0' -m -i "$(cat "$work/id")"
check "ipcs counts it" shows 'segments allocated 1' -m -u
check "ipcrm removes it" removes -m

check "ipcmk makes a set" makes -S 3
check "the store holds it" in_the_store s
check "ipcs lists it" shows "0x[0-9a-f]{8} +ID +$user +644 +3" -s
check "ipcs knows its semaphores" shows '2 +0 +0 +0 +0' -s -i "$(cat "$work/id")"
check "ipcs counts them" shows 'allocated semaphores = 3' -s -u
check "ipcrm removes it" removes -s

check "ipcmk makes a queue" makes -Q
check "the store holds it" in_the_store q
check "ipcs lists it" shows "0x[0-9a-f]{8} +ID +$user +644 +0 +0" -q
check "ipcs knows its numbers" shows 'cbytes=0	qbytes=[1-9][0-9]*	qnum=0	lspid=0	lrpid=0' -q -i "$(cat "$work/id")"
check "ipcs counts it" shows 'allocated queues = 1' -q -u
check "ipcrm removes it" removes -q

check "one of each" one_of_each
for kind in t p c u; do
    check "ipcs -$kind of all" client ipcs "-$kind"
done
check "ipcrm removes all" all_removed
check "ipcs knows the limits" limits
refused "ipcmk -M" ipcmk -M 5000
refused "ipcmk -S" ipcmk -S 3
refused "ipcmk -Q" ipcmk -Q
refused "ipcrm" ipcrm -m 0
# Where the calls fail it says that there is nothing, and ends well.
[ "$mode" = enosys ] || refused "ipcs" ipcs -m -i 0
finish
