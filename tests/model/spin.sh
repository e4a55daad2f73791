#!/bin/sh
# Checks the models with spin: as the code is, no error may be found; with one thing broken at a
# time, one must be. Prints the number of states that each search has met.
#
# spin.sh FOLDER: FOLDER holds the models. $SPIN and $CC; SPIN_DEATHS=2 takes longer; the rest happens in a temporary folder.
set -u

models=$(cd "${1:?the folder with the models}" && pwd)
spin=${SPIN:-spin}
cc=${CC:-cc}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
passed=0
failed=0

# search MODEL [-DMACRO...]: builds the verifier and lets it search; its output is in ./log
search()
{
    # -O0, because most searches take less time than the compilation.
    rm -f pan* log ./*.trail
    model=$models/$1.pml
    shift
    # shellcheck disable=SC2086 # $cc may have options
    "$spin" -a "$@" "$model" >log 2>&1 &&
        $cc -O0 -w -DSAFETY -DCOLLAPSE -DMEMLIM=1900 -o pan pan.c &&
        ./pan -m1000000 -n >log 2>&1
}

# The search must have been completed, whatever its exit status: "errors: N" and all states.
errors()
{
    if grep -q 'search not completed\|max search depth too small\|out of memory' log &&
        ! grep -q 'errors: [1-9]' log; then
        echo incomplete
    else
        sed -n 's/.*errors: \([0-9][0-9]*\).*/\1/p' log
    fi
}

states()
{
    sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' log
}

judge()
{
    if [ "$1" = yes ]; then
        passed=$((passed + 1))
        printf 'ok    %s: %s states\n' "$2" "$(states)"
    else
        failed=$((failed + 1))
        printf 'WRONG %s: errors: %s\n' "$2" "$(errors)"
        tail -n 30 log
    fi
}

holds()
{
    search "$@"
    [ "$(errors)" = 0 ] && answer=yes || answer=no
    judge "$answer" "$* has no error"
}

fails()
{
    search "$@"
    case $(errors) in
    [1-9]*) answer=yes ;;
    *) answer=no ;;
    esac
    judge "$answer" "$* has one"
}

holds publish
for broken in ACCEPT_TWO EARLY_UNLOCK IN_PLACE LATE_BEGUN NO_BEGUN NO_LOCK NO_R1 NO_R3 NO_R4 \
    NO_UNDO NO_W2 NO_W4; do
    fails publish -D$broken
done

holds set -DN=2 -DDEATHS=3 -DBIRTHS=2
holds set -DN=3 -DDEATHS="${SPIN_DEATHS:-1}"
for broken in APPLY_FIRST NO_REBUILD NO_REDO NO_REPAIR NO_REPLAY NO_SERVE NO_SERVE_AFTER_UNDO \
    NO_SLICES NO_UNDO UNLOCK_BEFORE_QUEUE VALID_FIRST; do
    fails set -DN=2 -D$broken
done
holds single -DN=2
holds single -DN=3 -DDEATHS="${SPIN_DEATHS:-1}" -DROUNDS=1
for broken in NO_FINISH NO_HELP NO_WORD_LOCK STORE_CELL; do
    fails single -DN=2 -D$broken
done
holds queue -DRECEIVERS=1 -DDEATHS=0
holds queue -DRECEIVERS=2 -DEACH=1
for broken in CLOSED_FIRST NO_AGE NO_HELP NO_WAIT; do
    fails queue -DRECEIVERS=1 -D$broken
done
fails queue -DRECEIVERS=2 -DEACH=1 -DTAKE_BY_STORE
# A lock is only stolen from who took it after a third process has repaired it.
fails set -DN=3 -DDEATHS=1 -DNO_TAG

printf '%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
