# What the scripts of this folder share. Each is run by tests/isolate, in the folder of the build, with
# one argument, where the kernel's System V calls are for the client:
#
#   enosys   they fail with ENOSYS
#   kill     they kill who makes one, so that nothing can have fallen through
#   kernel   they work, and the library is not loaded: shows that it is the script that is right
#
# SHM_RUN is the launcher of the library. A script prints a line for each check, the counts last.
# shellcheck shell=sh disable=SC2034 # variables are for those who read this

here=$(cd "${0%/*}" && pwd)
. "$here/../../.ci/functions.sh"

name=${0##*/}
name=${name%.sh}
mode=${1:-enosys}
deny=$PWD/tests/clients/deny
witness=$PWD/tests/clients/witness
shm_run=${SHM_RUN:-$PWD/compat/sysv/shm-run}
store=${LIBSHM_DIR:-/dev/shm}
as_user= # words before a client that make an ordinary user of it
own_calls='^$' # the calls that the client makes by their numbers, which no library sees
limit=$((120 * ${SLOW:-1})) # seconds until a client counts as hanging

LC_ALL=C
export LC_ALL
work=$(mktemp -d)
chmod 755 "$work"
trap 'rm -rf "$work"' EXIT

# skip REASON: the client cannot run here
skip()
{
    printf 'skipped %s, %s: %s\n' "$name" "$mode" "$*"
    exit 0
}

# needs COMMAND...: all of them are installed
needs()
{
    for command; do
        command -v "$command" >/dev/null || skip "$command is not installed"
    done
}

# ordinary_user: from here on clients run as one; $work/home is theirs
ordinary_user()
{
    mkdir "$work/home"
    if [ "$(id -u)" = 0 ]; then
        needs setpriv
        as_user="setpriv --reuid=nobody --regid=nogroup --clear-groups env HOME=$work/home"
        chown nobody:nogroup "$work/home"
    fi
}

# client COMMAND...: runs it on the library
client()
{
    # Words are wanted.
    # shellcheck disable=SC2086
    case $mode in
    kernel) timeout -k 5 "$limit" $as_user "$@" ;;
    *)
        timeout -k 5 "$limit" "$deny" "$mode" "$work/calls" "$witness" "$work/held" $as_user \
            "$shm_run" "$@"
        ;;
    esac
}

# direct COMMAND... &: the same, bounded by nobody; $! is the client, or the parent that waits for it
direct()
{
    # shellcheck disable=SC2086
    case $mode in
    kernel) exec $as_user "$@" ;;
    *) exec "$deny" "$mode" "$work/calls" $as_user "$shm_run" "$@" ;;
    esac
}

# bare COMMAND...: runs it without the library, under the same filter; what it tries is in $work/denied
bare()
{
    : >"$work/denied"
    # shellcheck disable=SC2086
    timeout -k 5 "$limit" "$deny" "$mode" "$work/denied" "$witness" "$work/held" $as_user "$@"
}

# held KIND...: the last client has made objects of these kinds in the store: m, s, q, or keys mk, sk, qk
held()
{
    [ "$mode" != kernel ] || return 0
    for kind; do
        grep -q "^$kind [1-9]" "$work/held" || { echo "the store held no $kind:" && cat "$work/held" && return 1; }
    done
}

# in_store KIND: how many names of this kind are in the store now
in_store()
{
    find "$store" -maxdepth 1 -name "libshm.$LIBSHM_NAMESPACE.$1.*" | wc -l
}

# works TITLE KINDS COMMAND...: it ends well on the library, and the store held objects of these kinds
works()
{
    about=$1
    objects=$2
    shift 2
    checked "$name, $mode: $about" client "$@"
    # shellcheck disable=SC2086
    [ "$mode" = kernel ] || checked "$name, $mode: $about: the store held $objects" held $objects
}

# fails COMMAND...: it does, has tried the kernel's calls, and has made no object
fails()
{
    if "$@" >"$work/bare" 2>&1; then
        echo "it has ended well"
        return 1
    fi
    cat "$work/bare"
    [ -s "$work/denied" ] && [ ! -s "$work/held" ]
}

# refused TITLE COMMAND...: without the library it fails
refused()
{
    about=$1
    shift
    [ "$mode" = kernel ] || checked "$name, $mode: $about: fails without the library" fails bare "$@"
}

# both TITLE KINDS COMMAND...: it works on the library, and only on the library
both()
{
    works "$@"
    about=$1
    shift 2
    refused "$about" "$@"
}

# await SECONDS COMMAND...: until it is true; false if it does not become so
await()
{
    left=$(($1 * 20 * ${SLOW:-1}))
    shift
    until "$@"; do
        left=$((left - 1))
        [ "$left" -gt 0 ] || return 1
        sleep 0.05
    done
}

# Nothing that ran on the library has tried a call of the kernel's. Who tried, and which, is printed.
none_tried()
{
    tried=$(grep -vE "$own_calls" "$work/calls" | head -n 20)
    printf '%s\n' "$tried"
    [ -z "$tried" ]
}

# finish: the last line of a script
finish()
{
    [ "$mode" = kernel ] || checked "$name, $mode: no call of the kernel's was tried" none_tried
    say_checked
}

[ "$mode" = kernel ] || "$deny" "$mode" "$work/calls" true || skip "calls of the kernel cannot be watched here"
