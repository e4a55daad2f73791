#!/bin/sh
# The steps of the models are those of the code: each STEP(name) of a model is named by a comment
# "model: name" in the code, and the other way round. Some models share what both are about.
set -u

top=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# steps FILE...: of models, one a line
steps()
{
    cat "$@" | sed -n 's/.*STEP(\([A-Z][0-9]\)).*/\1/p' | sort -u
}

# comments FILE...: of code; one comment may name several steps
comments()
{
    cat "$@" | sed -n 's/.*model: \([A-Z][0-9][A-Z0-9, ]*\).*/\1/p' | tr -s ', ' '\n' |
        grep . | sort -u
}

status=0

# same "MODEL..." FILE...
same()
{
    model=$1
    shift
    # Words are wanted: this is a list.
    # shellcheck disable=SC2086
    (cd "$top/tests/model" && steps $model) >"$work/model"
    comments "$@" >"$work/code"
    count=$(wc -l <"$work/model")
    printf '%s: %s steps\n' "$model" "$((count))"
    if ! diff "$work/model" "$work/code" >"$work/diff" || [ "$count" -lt 8 ]; then
        printf '%s: steps of the model (<) and of the code (>) differ:\n' "$model"
        cat "$work/diff"
        status=1
    fi
}

same publish.pml "$top"/libshm/*.c
same 'set.pml single.pml queue.pml' "$top"/posix/*.c
exit "$status"
