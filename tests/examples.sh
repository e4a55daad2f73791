#!/bin/sh
# The examples do what they say: the first one of the README, two programs that share arrays by
# passing one integer, and the training of a classifier with a worker killed half-way.
#
# EXAMPLES is the folder of the built examples, EXAMPLE_DATA that of their sources and data.

set -eu

examples=${EXAMPLES:-doc/examples}
data=${EXAMPLE_DATA:-${srcdir:-.}/doc/examples}
readme=${srcdir:-.}/README.md
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

fail()
{
    echo "failed: $*"
    exit 1
}

# Fails with the file if it has no line that matches the basic regular expression.
expect()
{
    grep -q -- "$1" "$2" || { cat "$2"; fail "no line '$1'"; }
}

first_example()
{
    # shellcheck disable=SC2016 # the quotes are Markdown's
    sed -n '/^```c$/,/^```$/p' "$readme" | sed '1d;$d' >"$scratch/first.c"
    cmp "$scratch/first.c" "$data/first.c" || fail "the example in README.md is not first.c"
    "$examples/first" >"$scratch/first"
    key=$(sed -n 's/^key \(-\{0,1\}[0-9]*\): w = 1 2 3$/\1/p' "$scratch/first")
    [ -n "$key" ] || fail "first printed: $(cat "$scratch/first")"
    "$examples/first" "$key" >"$scratch/first"
    expect "^key $key: w = 2 4 6\$" "$scratch/first"
    "$examples/first" "$key" remove >"$scratch/first"
    expect "^key $key: w = 3 6 9\$" "$scratch/first"
    if "$examples/first" "$key" 2>"$scratch/error"; then
        fail "the arrays are still there after removal"
    fi
    expect '^first: .' "$scratch/error"
}

two_programs()
{
    mkfifo "$scratch/key" "$scratch/enter"
    "$examples/share" <"$scratch/enter" >"$scratch/key" &
    share=$!
    exec 8>"$scratch/enter" 9<"$scratch/key"
    read -r key <&9
    "$examples/attach" "$key" >"$scratch/attach"
    "$examples/attach" "$key" >"$scratch/attach"
    expect '^counts: dtype 8, shape 2, 16 bytes$' "$scratch/attach"
    expect '^weights: dtype 12, shape 2 3, 48 bytes$' "$scratch/attach"
    echo >&8
    cat <&9 >"$scratch/share"
    exec 8>&- 9<&-
    wait "$share" || fail "share ended with status $?"
    expect '^counts 2 102$' "$scratch/share"
    expect '^weights 2 2 2 / 2.5 2.5 2.5$' "$scratch/share"
}

training()
{
    "$examples/sgd" --data "$data/digits.csv" "$@" >"$scratch/sgd" || {
        status=$?
        cat "$scratch/sgd"
        fail "sgd $* ended with status $status"
    }
    expect '^PASS .* versions published' "$scratch/sgd"
    expect '^PASS  test accuracy 0\.9' "$scratch/sgd"
    expect '^PASS  no shared object is left$' "$scratch/sgd"
    if grep '^FAIL' "$scratch/sgd"; then
        fail "sgd $* ended with status 0 in spite of this"
    fi
}

# A signal ends the training, and the objects are removed; isolate sees whether that is true.
interruption()
{
    : >"$scratch/sgd" # or the earlier output would be read before the shell has emptied it
    "$examples/sgd" --data "$data/digits.csv" --epochs 100000 >"$scratch/sgd" &
    sgd=$!
    while ! grep -q 'updates/s' "$scratch/sgd"; do
        kill -0 "$sgd" || fail "sgd has ended by itself"
        sleep 0.1
    done
    kill -TERM "$sgd"
    status=0
    wait "$sgd" || status=$?
    [ "$status" -eq 143 ] || fail "sgd ended with status $status after SIGTERM"
    expect '^interrupted' "$scratch/sgd"
}

first_example
two_programs
# Fewer are enough to learn as well.
epochs=300
[ "${LIBSHM_TEST_SCALE:-1}" -lt 10 ] || epochs=200
training --workers 2 --epochs "$epochs"
training --workers 2 --epochs "$epochs" --kill
expect '^killed worker' "$scratch/sgd"
expect '^PASS  worker 1 was killed after' "$scratch/sgd"
interruption
