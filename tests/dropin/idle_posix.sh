#!/bin/sh
# What a program that uses nothing of it pays: no thread, no descriptor, no file in the store. How long it
# takes to start beside one that has two other objects preloaded is printed, and not judged.
set -eu
. "${srcdir:-.}/tests/dropin/run.sh"

program=tests/dropin/idle
alone=$("$program")
preloaded=$(run "$program")
echo "alone: $alone; preloaded: $preloaded"
[ "$alone" = "$preloaded" ]
files=$(find "${LIBSHM_DIR:-/dev/shm}" -maxdepth 1 -name "libshm.$LIBSHM_NAMESPACE.*")
[ -z "$files" ] || { echo "made by doing nothing: $files"; exit 1; }

ours=$(run tests/dropin/show | sed -n 's/^LD_PRELOAD=//p')
others=$PWD/tests/dropin/.libs/dropin_plugin.so:$PWD/tests/dropin/.libs/dropin_other.so
ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0
export ASAN_OPTIONS
times=$("$program" 101 "" "$others" "$ours")
echo "microseconds of a start: alone, with two other objects, with ours: $times"
[ "$(echo "$times" | wc -w)" = 3 ]
