# What the stages share. A stage is an executable file in .ci/stages that runs in an empty folder of
# its own, with SOURCE, a clean bootstrapped clone that it does not write to, JOBS, what make -j is given,
# and SLOW, how many times slower than a usual one the machine is. Its last line of output is "N passed,
# N failed[, N skipped]" and its exit status says whether anything failed. Its head may have lines that .ci/run reads:
#
#   # packages: A B      Debian packages beyond those that ./quickstart installs
#   # architecture: A    a foreign architecture that these packages are from
#   # seconds: N         what it took, about; long ones are begun first
#
# shellcheck shell=sh

# long_loops N: they run an N-th of their rounds, on a slow machine fewer
long_loops()
{
    LIBSHM_TEST_SCALE=$(($1 * ${SLOW:-1}))
    export LIBSHM_TEST_SCALE
}

# In this shell, which starts faster than others, run configure and, hundreds of times, libtool.
CONFIG_SHELL=/bin/sh
export CONFIG_SHELL

# configured ARGUMENT...: configures here. Nothing is built twice, so nobody asks what depends on what; and
# nobody looks into what is built with a debugger: without -g the compiler makes the same code in less time.
configured()
{
    "$SOURCE/configure" --enable-werror --disable-dependency-tracking CFLAGS=-O2 "$@" >configure.log 2>&1 &&
        return
    tail -n 40 configure.log
    return 1
}

# build ARGUMENT...: configures, with warnings as errors, and builds everything, tests as well; the Python
# modules only if an argument asks for them
build()
{
    configured --enable-debug --without-python "$@" || return
    # One after the other: two goals at once would both make the library.
    make -j"$JOBS" all >build.log 2>&1 && make -j"$JOBS" check TESTS= >>build.log 2>&1 && return
    grep -E -A 12 '(error:|undefined reference)' build.log || tail -n 40 build.log
    return 1
}

# suite ARGUMENT...: runs the tests, which are built, and prints the counts, and what failed ones have said.
# Tests wait as long as they run: twice as many at a time as there are processors.
suite()
{
    rm -f tests/*.trs tests/python/*.trs test-suite.log
    make -k -j"$((2 * JOBS))" check-TESTS "$@" >check.log 2>&1
    all_results -lE '^:test-result: (FAIL|ERROR|XPASS)' | while read -r result; do
        printf -- '---- %s\n' "${result%.trs}"
        tail -n 40 "${result%.trs}.log"
    done
    find tests -name '*.log' -exec grep -h '^isolate: .*skipped as listed' {} +
    [ -e test-suite.log ] || tail -n 40 check.log
    say_counts "$(results 'PASS|XFAIL')" "$(results 'FAIL|ERROR|XPASS')" "$(results SKIP)"
}

# all_results OPTION... PATTERN: what grep says of the results of the last suite
all_results()
{
    find tests -name '*.trs' -exec grep "$@" {} +
}

# results PATTERN: how many tests of the last suite have ended so
results()
{
    all_results -hE "^:test-result: ($1)" | wc -l
}

# say_counts PASSED FAILED [SKIPPED]: the last line of a stage; false if something failed, or if
# nothing was tried
say_counts()
{
    if [ "${3:-0}" = 0 ]; then
        printf '%s passed, %s failed\n' "$1" "$2"
    else
        printf '%s passed, %s failed, %s skipped\n' "$1" "$2" "$3"
    fi
    [ "$2" = 0 ] && [ "$1" -gt 0 ]
}

# Checks that have no program to count for them: checked TITLE COMMAND..., then say_checked.
good=0
bad=0

checked()
{
    title=$1
    shift
    if output=$("$@" 2>&1); then
        good=$((good + 1))
        printf 'ok      %s\n' "$title"
    else
        bad=$((bad + 1))
        printf 'FAILED  %s\n%s\n' "$title" "$output"
    fi
}

say_checked()
{
    say_counts "$good" "$bad"
}
