#!/bin/sh
# The exported symbols of libshm.so are exactly those of symbols.txt; each is declared in a public
# header, and none is a name of the C library.
set -u
: "${srcdir:=.}"

library=.libs/libshm.so
if [ ! -e "$library" ]; then
    echo "no shared library was built (--disable-shared)"
    exit 77
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
LC_ALL=C
export LC_ALL
failed=0

# A few names are the linker's own on some targets.
exported()
{
    # A command with options, such as "nm -B".
    # shellcheck disable=SC2086
    $NM -D --defined-only "$1" | sed 's/.* //; s/@.*//' |
        grep -vxE '_init|_fini|_edata|_end|__bss_start' | sort -u
}

exported "$library" >"$work/exported"
grep -v '^#' "$srcdir/tests/symbols.txt" | sort -u >"$work/expected"
if ! diff -u "$work/expected" "$work/exported"; then
    echo "the exported symbols differ from tests/symbols.txt (-: missing, +: new)"
    failed=1
fi

for header in $PUBLIC_HEADERS; do
    cat "$srcdir/$header"
done | tr '\n' ' ' >"$work/headers" # a declaration may take several lines
while read -r symbol; do
    grep -qE "LIBSHM_API[^;]*[ *]$symbol\(" "$work/headers" || {
        echo "$symbol is exported, but no public header declares it"
        failed=1
    }
done <"$work/exported"

# The C library that this library was linked with, found without naming one.
libc=$(ldd "$library" | sed -n 's/.*=> \(\/[^ ]*libc[.-][^ ]*\).*/\1/p; s/^[[:space:]]*\(\/[^ ]*ld-musl[^ ]*\).*/\1/p' | head -n 1)
if [ -z "$libc" ]; then
    # ldd knows the libraries of this system only, the compiler those of its target.
    for name in libc.so.6 libc.so; do
        # shellcheck disable=SC2086
        file=$($CC -print-file-name="$name")
        # shellcheck disable=SC2086
        [ -n "$($NM -D --defined-only "$file" 2>/dev/null)" ] && libc=$file
    done
fi
if [ -z "$libc" ]; then
    echo "the C library was not found, neither by ldd nor by $CC"
    exit 1
fi
exported "$libc" >"$work/libc"
grep -qx shmget "$work/libc" || { echo "$libc does not look like a C library"; exit 1; }
if comm -12 "$work/exported" "$work/libc" | grep .; then
    echo "^ exported by $libc as well"
    failed=1
fi

echo "$(wc -l <"$work/exported") symbols"
exit "$failed"
