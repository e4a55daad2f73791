#!/bin/sh
# fuzz.sh CORPUS SECONDS HARNESS...: searches with each harness, from its folder of the corpus,
# and prints what it found: executions, coverage, and every finding with its input in base64.
# fuzz_NAME and fuzz_NAME_names begin with those of NAME. JOBS harnesses run at once (1 if unset). NEW_CORPUS, if set, is a folder that keeps new inputs.
set -u

corpus=$1
seconds=$2
shift 2
jobs=${JOBS:-1}
work=$(mktemp -d)
# A folder of its own for each harness's objects, in memory where that is possible.
store=$(mktemp -d /dev/shm/libshm-fuzz.XXXXXX 2>/dev/null) || store=$work
trap 'rm -rf "$work" "$store"' EXIT
chmod 700 "$store"
UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
export UBSAN_OPTIONS

# search HARNESS: leaves NAME.log, and NAME.failed if there is a finding
search()
{
    name=$(basename "$1")
    inputs=$(printf '%s' "$name" | cut -d_ -f2)
    kept=${NEW_CORPUS:-$work}/${name#fuzz_}
    mkdir -p "$kept" "$work/$name" "$store/$name"
    chmod 700 "$store/$name"
    LIBSHM_DIR=$store/$name "$1" -max_total_time="$seconds" -max_len=512 -rss_limit_mb=1024 \
        -timeout=10 -use_value_profile=1 -print_final_stats=1 -artifact_prefix="$work/$name/" \
        "$kept" "$corpus/$inputs" >"$work/$name.log" 2>&1 || : >"$work/$name.failed"
}

report()
{
    name=$(basename "$1")
    edges=$(sed -n 's/.*cov: \([0-9]*\).*/\1/p' "$work/$name.log" | tail -n 1)
    executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/$name.log")
    rate=$(sed -n 's/^stat::average_exec_per_sec: *//p' "$work/$name.log")
    counts="${executions:-?} executions, ${rate:-?} per second, ${edges:-?} edges"
    if [ ! -e "$work/$name.failed" ]; then
        printf '%s: %s\n' "$name" "$counts"
        return 0
    fi
    grep -vE '^#[0-9]+\s' "$work/$name.log" | tail -n 60
    printf '%s: FAILED after %s\n' "$name" "$counts"
    for input in "$work/$name"/*; do
        [ -f "$input" ] || continue
        printf 'FINDING %s, in base64:\n' "$(basename "$input")"
        base64 "$input"
    done
    return 1
}

status=0
running=0
for harness in "$@"; do
    search "$harness" &
    running=$((running + 1))
    [ "$running" -ge "$jobs" ] || continue
    wait
    running=0
done
wait
for harness in "$@"; do
    report "$harness" || status=1
done
exit "$status"
