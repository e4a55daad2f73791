#!/bin/sh
# The folders are the architecture: who may include whom, and where conditionals may stand.
set -u
: "${srcdir:=.}"

cd "$srcdir" || exit 99
failed=0

# none WHAT PATTERN FILE...: no line of the files matches
none()
{
    what=$1
    pattern=$2
    shift 2
    for file in "$@"; do
        [ -e "$file" ] || continue
        if grep -nE "$pattern" "$file" /dev/null; then
            echo "^ $what"
            failed=1
        fi
    done
}

include='^[[:space:]]*#[[:space:]]*include[[:space:]]*'

for folder in libshm sysv posix; do
    find "$folder" -name '*.c' | grep -q . || { echo "no sources in $folder"; exit 1; }
done

# The tools beside the core use the system as any program does; the rules are the library's.
core=$(find libshm -name '*.[ch]' ! -name 'shmtool*')
# File names of ours have no spaces.
# shellcheck disable=SC2046,SC2086
{
    none "the core names no backend" "${include}[<\"](sysv|posix)/" $core
    none "the core includes no header of the system's IPC" \
        "${include}[<\"](sys/(ipc|shm|sem|msg|mman)|semaphore|mqueue|linux/futex)\.h" $core
    none "the core has no conditionals" '^[[:space:]]*#[[:space:]]*(if|ifdef|ifndef|elif)' \
        $(find libshm -name '*.c' ! -name 'shmtool*')
}
none "the backends never see each other" "${include}[<\"]posix/" sysv/*.[ch]
none "the backends never see each other" "${include}[<\"]sysv/" posix/*.[ch]
none "a backend knows the contract, not the API" "${include}[<\"]libshm/(shm|arrays)[^\"]*\.h" \
    sysv/*.[ch] posix/*.[ch]
none "the drop-in library stands on the contract alone" \
    "${include}[<\"](posix/|sysv/|libshm/(shm|arrays|fail|keep|memory|semaphore|handles))" compat/sysv/*.[ch]
none "nobody stands on other people's interfaces" "${include}[<\"]compat/" \
    libshm/*.[ch] sysv/*.[ch] posix/*.[ch]
none "headers for systems without any use what every C library has" \
    "${include}[<\"](libshm|compat|features|bits|linux|asm)" compat/sysv/include/sys/*.h
if grep -nE "${include}\"[^/]*\"" libshm/*.[ch] sysv/*.[ch] posix/*.[ch] compat/sysv/*.[ch] tests/*.[ch] |
    grep -v '"config\.h"'; then
    echo "^ our headers are named with their folder"
    failed=1
fi

# Others would take locks away where locks belong to the process: posix/posix_file.h. What has a bare
# close opens no file of the store; posix_object.c maps a header and unmaps it at once.
for file in posix/*.c; do
    case $file in
    */posix_io.c | */posix_file_*.c | */posix_description.c) ;;
    */posix_maps.c | */posix_store.c | */posix_pool.c | */posix_process.c | */posix_object.c) ;;
    *)
        none "files of the store are opened, closed and unmapped with px_file_ calls" \
            '(^|[^_[:alnum:]])(px_open|px_close|open|close|dup2?|munmap)[[:space:]]*\(' "$file"
        ;;
    esac
done
none "files of the store are opened and closed with px_file_ calls" \
    '(^|[^_[:alnum:]])(px_open|px_close|open|close|dup2?)[[:space:]]*\(' posix/posix_object.c
none "attaches are mapped with px_file_map" '(^|[^_[:alnum:]])mmap[[:space:]]*\(' \
    posix/posix_attach.c posix/posix_shmat.c
none "the examples use only what is installed" \
    "${include}[<\"](libshm/(backend|fail)|sysv/|posix/|tests/|config)" doc/examples/*.[ch]

for file in libshm/*.c sysv/*.c posix/*.c compat/sysv/*.c; do
    first=$(grep -m 1 -E "$include" "$file")
    if [ "$first" != '#include "config.h"' ]; then
        echo "$file: config.h is not its first include"
        failed=1
    fi
done

exit "$failed"
