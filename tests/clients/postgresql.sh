#!/bin/sh
# PostgreSQL with all its shared memory in segments: initdb, a parallel query, and the interlock, which
# sees by the attachments of a segment that a process of a dead server is still there.
set -u
. "${0%/*}/common.sh"

programs=/usr/lib/postgresql/15/bin
[ -x "$programs/postgres" ] || skip "PostgreSQL 15 is not installed"
PATH=$programs:$PATH
ordinary_user
data=$work/home/data
log=$work/log
server=''
backend=''
trap 'end_all; rm -rf "$work"' EXIT

# The processes of the server: they alone work in its folder.
servers()
{
    for process in /proc/[0-9]*; do
        [ "$(readlink "$process/cwd" 2>/dev/null)" != "$data" ] || echo "${process#/proc/}"
    done
}

# Whatever has happened, nothing that was started here is left.
end_all()
{
    for pid in $server $(servers); do
        kill -KILL "$pid"
    done 2>/dev/null
}

settings()
{
    cat <<END
listen_addresses = ''
unix_socket_directories = '$work/home'
shared_memory_type = sysv
dynamic_shared_memory_type = sysv
shared_buffers = 8MB
max_connections = 10
fsync = off
parallel_setup_cost = 0
parallel_tuple_cost = 0
min_parallel_table_scan_size = 0
END
}

# start: somebody waits for it, or it would still count as there when it is dead; sets server
start()
{
    direct postgres -D "$data" >"$log" 2>&1 &
    server=$!
}

postmaster()
{
    sed -n 1p "$data/postmaster.pid"
}

# The file may still be that of an earlier server, until it names this one: not to be asked later.
ready()
{
    {
        [ "$(postmaster)" = "$server" ] || grep -qx "PPid:	$server" "/proc/$(postmaster)/status"
    } && grep -q '^ready' "$data/postmaster.pid"
}

starts()
{
    await 30 ready 2>/dev/null || { cat "$log" && return 1; }
}

# segment FIELD: the first is the key, the second the id of the server's segment, as its file says
segment()
{
    awk -v field="$1" 'NR == 7 { print $field }' "$data/postmaster.pid"
}

# The store has the segment that the server names, with the buffers in it.
main_segment()
{
    [ "$mode" = kernel ] ||
        [ "$(stat -c %s "$store/libshm.$LIBSHM_NAMESPACE.m.$(printf %08x "$(segment 2)")")" -ge 8388608 ]
}

# sql STATEMENT...
sql()
{
    for statement; do
        set -- "$@" -c "$statement"
        shift
    done
    client psql -h "$work/home" -U test -d postgres -X -q -A -t -v ON_ERROR_STOP=1 "$@"
}

# answers TEXT STATEMENT...: what they print has a line that is this
answers()
{
    line=$1
    shift
    sql "$@" >"$work/answer" 2>&1
    cat "$work/answer"
    grep -qE "^ *$line\$" "$work/answer"
}

# begin_session: leaves one open; sets session, and backend, its process of the server
begin_session()
{
    mkfifo "$work/enter"
    direct psql -h "$work/home" -U test -d postgres -X -q -A -t <"$work/enter" >"$work/session" 2>&1 &
    session=$!
    exec 8>"$work/enter"
    echo 'SELECT pg_backend_pid();' >&8
    await 10 test -s "$work/session"
    backend=$(cat "$work/session")
}

stopped()
{
    grep -q '^State:	T' "/proc/$backend/status"
}

# only PID: of the server's processes there is but this one; or none
only()
{
    [ "$(servers)" = "$1" ]
}

# It says which segment is in use.
second_refused()
{
    in_use="pre-existing shared memory block \(key $(segment 1), ID $(segment 2)\) is still in use"
    if client postgres -D "$data" >"$work/second" 2>&1; then
        return 1
    fi
    cat "$work/second"
    grep -qE "$in_use" "$work/second"
}

check()
{
    about=$1
    shift
    checked "$name, $mode: $about" "$@"
}

sum='SELECT count(*), sum(number) FROM numbers'
sum_is='200000\|20000100000'

works initdb "m mk" initdb -D "$data" -A trust -U test --no-sync --locale=C -E UTF8
settings >>"$data/postgresql.conf"
start
check "the server starts" starts
check "the store holds its buffers" main_segment
check "a table" sql 'CREATE TABLE numbers AS SELECT generate_series(1, 200000)::bigint AS number' \
    'ANALYZE numbers' CHECKPOINT
check "a query of one process" answers "$sum_is" 'SET max_parallel_workers_per_gather = 0' "$sum"
check "a parallel query" answers "$sum_is" 'SET max_parallel_workers_per_gather = 2' "$sum"
[ "$mode" = kernel ] || check "a parallel query: the store held its segments" held m mk
check "it had two workers" answers 'Workers Launched: 2' "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) $sum"

begin_session
kill -STOP "$backend"
check "a process of the server is stopped" await 10 stopped
kill -KILL "$(postmaster)"
wait "$server" 2>/dev/null
check "the server is killed, and its other processes end" await 30 only "$backend"
check "a second server is refused" second_refused
check "the stopped process is still there" only "$backend"
kill -KILL "$backend"
check "the stopped process is killed" await 30 only ''
exec 8>&-
wait "$session"
start
check "the second server starts" starts
check "nothing is lost" answers "$sum_is" "$sum"
kill -INT "$(postmaster)"
wait "$server"
check "it ends well" [ "$?" = 0 ]
check "its objects are gone" [ "$(in_store '*')" = 0 ]

refused "the server" postgres -D "$data"
refused initdb initdb -D "$data.other" -A trust -U test --no-sync --locale=C
finish
