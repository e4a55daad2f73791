#!/bin/sh
# isolate itself is tested: what a test leaves behind, or does without leave, must be found, named
# and removed, and must fail the test; and a clean test must pass.
set -u

isolate=$PWD/tests/isolate
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

: >"$work/skips.txt"
echo 'listed_skip  because it is listed' >>"$work/skips.txt"
LIBSHM_TEST_SKIPS=$work/skips.txt
export LIBSHM_TEST_SKIPS

# run NAME: standard input is a script that runs as a test of this name; sets status, output
run()
{
    { echo '#!/bin/sh'; cat; } >"$work/$1"
    chmod +x "$work/$1"
    output=$("$isolate" "$work/$1" 2>&1)
    status=$?
}

# complains NAME PATTERN: the script on standard input fails, with a line that matches
complains()
{
    run "$1"
    if [ "$status" = 0 ] || [ "$status" = 77 ] ||
        ! printf '%s\n' "$output" | grep -qE "^isolate: $1: .*$2"; then
        printf '%s: status %s, expected a failure that says: %s\n%s\n' \
            "$1" "$status" "$2" "$output"
        failed=1
    fi
}

# ends NAME STATUS: the script on standard input ends with this status
ends()
{
    run "$1"
    if [ "$status" != "$2" ]; then
        printf '%s: status %s, expected %s\n%s\n' "$1" "$status" "$2" "$output"
        failed=1
    fi
}

store=${LIBSHM_DIR:-/dev/shm}

ends clean 0 </dev/null
ends clean_posix 0 </dev/null
ends failing 3 <<'END'
exit 3
END
complains file_posix 'libshm\..*\.planted' <<END
: >"$store/libshm.\$LIBSHM_NAMESPACE.planted"
echo "libshm.\$LIBSHM_NAMESPACE.planted" >"$work/planted"
END
if [ -e "$store/$(cat "$work/planted")" ]; then
    echo "the planted file was not removed"
    failed=1
fi
complains file_sysv 'libshm\..*\.planted' <<END
: >"$store/libshm.\$LIBSHM_NAMESPACE.planted"
END
complains segment_sysv 'segment with key' <<'END'
tests/plant segment
END
complains set_sysv 'semaphore set with key' <<'END'
tests/plant set
END
complains queue_sysv 'message queue with key' <<'END'
tests/plant queue
END
for call in segment set queue; do
    complains "${call}_posix" 'SIGSYS' <<END
exec tests/plant $call
END
done
# It may be found before it has become `sleep`.
complains child 'process [0-9]+ \([a-z]+\)' <<'END'
sleep 1000 &
END
complains daemon 'process [0-9]+ \([a-z]+\)' <<'END'
(setsid sleep 1000 &) &
END
complains unlisted_skip 'list of skips' <<'END'
exit 77
END
ends listed_skip 77 <<'END'
exit 77
END
complains crash 'signal 11' <<'END'
kill -SEGV $$
END
LIBSHM_TEST_TIMEOUT=1
export LIBSHM_TEST_TIMEOUT
complains slow 'killed after 1 s' <<'END'
sleep 1000
END
complains thread 'killed after 1 s' <<'END'
exec tests/plant thread
END

exit "$failed"
