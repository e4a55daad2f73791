#!/bin/sh
# The limits that are variables, under the standard's names: what IPC_INFO reports and what can be made,
# each try a process of its own. What one has made stays usable to the others.
set -eu
. "${srcdir:-.}/tests/dropin/run.sh"

program=tests/dropin/limits

# says WANTED VARIABLE=VALUE... -- ARGUMENT...: the output, ids as "id"
says()
{
    wanted=$1
    shift
    : >"$work/variables"
    while [ "$1" != -- ]; do
        echo "$1" >>"$work/variables"
        shift
    done
    shift
    got=$(
        while read -r variable; do
            export "${variable?}"
        done <"$work/variables"
        run "$program" "$@" 2>&1
    ) || got="$got, status $?"
    got=$(echo "$got" | sed 's/^[0-9][0-9]*$/id/' | paste -s -d ' ' -)
    [ "$got" = "$wanted" ] && return
    echo "$(cat "$work/variables") $*: \"$got\", not \"$wanted\""
    exit 1
}

# reported NAME VALUE VARIABLE=VALUE
reported()
{
    got=$(export "${3?}" && run "$program" show | tr ' ' '\n' | sed -n "/^$1\$/{n;p;}")
    [ "$got" = "$2" ] && return
    echo "$3: $1 is reported as \"$got\", not \"$2\""
    exit 1
}

remove()
{
    tests/shmtool_posix rm --all >"$work/removed"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

usual=$(run "$program" show)
case $usual in
*' shmmni 2147483647 semmni 2147483647 msgmni 2147483647 msgmnb 16384') ;;
*) echo "reported without variables: $usual"; exit 1 ;;
esac
for name in shmmax shmmni semmni msgmni msgmnb; do
    variable=LIBSHM_$(echo "$name" | tr '[:lower:]' '[:upper:]')
    for value in 0 7 123456; do
        reported "$name" "$value" "$variable=$value"
    done
    for value in '' -1 +1 1x ' 1' 1e3 99999999999999999999; do
        says 'IPC_INFO: Invalid argument, status 1' "$variable=$value" -- show
        says 'EINVAL EINVAL EINVAL' "$variable=$value" -- make 1 set queue
    done
done

says 'id EINVAL id' LIBSHM_SHMMAX=5000 -- make 5000 5001 1
says id LIBSHM_SHMMAX=5001 -- make 5001
says 'id id id' -- make 5001 set queue
remove
says 'id id ENOSPC EINVAL id' LIBSHM_SHMMNI=2 -- make 1 1 1 0 set
says 'ENOSPC id' LIBSHM_SHMMNI=2 -- make 1 queue
says id LIBSHM_SHMMNI=3 -- make 1
says id -- make 1
remove
says 'id id ENOSPC id' LIBSHM_SEMMNI=2 -- make set set set queue
says 'ENOSPC' LIBSHM_SEMMNI=1 -- make set
remove
says 'id id ENOSPC id' LIBSHM_MSGMNI=2 -- make queue queue queue set
says id -- make queue
remove

for value in 7 16384 123456; do
    queue=$(LIBSHM_MSGMNB=$value && export LIBSHM_MSGMNB && run "$program" make queue)
    [ "$(run "$program" room "$queue")" = "$value" ] || { echo "a queue for $value bytes has others"; exit 1; }
done
remove
