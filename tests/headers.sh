#!/bin/sh
# Every public header compiles alone, as C99, C11 and C++, and beside those headers of the system
# whose names ours come close to, in both orders; and it says the version that configure knows.
set -u
: "${srcdir:=.}"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
compiled=0

# compile COMPILER DIALECT LANGUAGE: the source is in $work/source
compile()
{
    # The compiler may be a command with options, such as "gcc -m32".
    # shellcheck disable=SC2086
    if ! $1 "-std=$2" -x "$3" -Wall -Wextra -Werror -pedantic-errors -I"$srcdir" \
        -fsyntax-only "$work/source" >"$work/errors" 2>&1; then
        echo "not clean as $2:"
        cat "$work/source" "$work/errors"
        failed=1
    fi
    compiled=$((compiled + 1))
}

# in_all_dialects SOURCE
in_all_dialects()
{
    printf '%s\n' "$1" >"$work/source"
    # key_t belongs to XSI, which strict ISO C hides unless it is asked for.
    compile "$CC -D_XOPEN_SOURCE=700" c99 c
    compile "$CC -D_XOPEN_SOURCE=700" c11 c
    compile "$CC" gnu99 c
    compile "$CC" gnu11 c
    if [ "$CXX" != no ]; then
        # <stdint.h> and long long are C++11's.
        compile "$CXX" c++11 c++
        compile "$CXX" c++17 c++
    fi
}

system_headers='#include <sys/types.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <semaphore.h>'

for header in $PUBLIC_HEADERS; do
    ours="#include <$header>"
    in_all_dialects "$ours"
    in_all_dialects "#define _GNU_SOURCE 1
$system_headers
$ours"
    in_all_dialects "#define _GNU_SOURCE 1
$ours
$system_headers"
done

in_all_dialects "#include <libshm/shm.h>
typedef char major_agrees[LIBSHM_VERSION_MAJOR == ${VERSION%%.*} ? 1 : -1];"
grep -q "^#define LIBSHM_VERSION  *\"$VERSION\"" "$srcdir/libshm/shm.h" || {
    echo "libshm/shm.h and configure disagree on the version; run autoreconf"
    failed=1
}

echo "$compiled compilations"
[ "$compiled" -gt 0 ] && [ "$failed" = 0 ]
