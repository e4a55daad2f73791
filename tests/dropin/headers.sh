#!/bin/sh
# The headers for systems without any compile alone, as C and C++, strict and not; they show what is
# not the standard's only to those who ask; and their structs are the system's, byte for byte.
set -u
: "${srcdir:=.}"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
ours=$srcdir/compat/sysv/include
failed=0
compiled=0

# compile WHAT COMPILER OPTION...: the source is in $work/source
compile()
{
    what=$1
    compiler=$2
    shift 2
    compiled=$((compiled + 1))
    # The compiler may be a command with options, such as "gcc -m32".
    # shellcheck disable=SC2086
    $compiler -Wall -Wextra -Werror -pedantic-errors -I"$ours" "$@" -fsyntax-only "$work/source" \
        >"$work/errors" 2>&1 && return
    echo "not clean: $what: $compiler $*"
    cat "$work/source" "$work/errors"
    failed=1
}

for header in ipc msg sem shm; do
    printf '#include <sys/%s.h>\n#include <sys/%s.h>\n' "$header" "$header" >"$work/source"
    compile "$header" "$CC" -std=c99 -D_XOPEN_SOURCE=700 -x c
    compile "$header" "$CC" -std=c11 -D_GNU_SOURCE -x c
    compile "$header" "$CC" -std=gnu11 -x c
    [ "$CXX" = no ] || compile "$header" "$CXX" -std=c++11 -x c++
done

# Names that are the program's own in the strict dialect.
cat >"$work/source" <<'END'
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
enum { SHM_STAT, SEM_INFO, MSG_EXCEPT, IPC_INFO, shminfo, semtimedop, getpagesize, sysconf };
struct shm_info { int mine; };
END
compile "names of Linux" "$CC" -std=c99 -D_XOPEN_SOURCE=700 -x c

# What the system's headers make of it, and what ours do, in numbers.
cat >"$work/sizes.c" <<'END'
#define _GNU_SOURCE 1
#include <stddef.h>
#include <stdio.h>
#include <time.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#define SHOW(type, member)                                                                     \
    printf(#type "." #member " %zu %zu\n", offsetof(type, member), sizeof((type *)0)->member)
#define SIZE(type) printf(#type " %zu\n", sizeof(type))
#define NUMBER(name) printf(#name " %ld\n", (long)(name))
int main(void)
{
    SIZE(struct ipc_perm);
    SHOW(struct ipc_perm, uid);
    SHOW(struct ipc_perm, cgid);
    SHOW(struct ipc_perm, mode);
    SIZE(struct shmid_ds);
    SHOW(struct shmid_ds, shm_segsz);
    SHOW(struct shmid_ds, shm_atime);
    SHOW(struct shmid_ds, shm_ctime);
    SHOW(struct shmid_ds, shm_lpid);
    SHOW(struct shmid_ds, shm_nattch);
    SIZE(struct semid_ds);
    SHOW(struct semid_ds, sem_otime);
    SHOW(struct semid_ds, sem_ctime);
    printf("nsems %zu\n", offsetof(struct semid_ds, sem_nsems));
    SIZE(struct sembuf);
    SHOW(struct sembuf, sem_flg);
    SIZE(struct msqid_ds);
    SHOW(struct msqid_ds, msg_stime);
    SHOW(struct msqid_ds, msg_ctime);
    SHOW(struct msqid_ds, msg_qbytes);
    SHOW(struct msqid_ds, msg_lrpid);
    SIZE(struct shminfo);
    SIZE(struct shm_info);
    SHOW(struct shm_info, shm_tot);
    SIZE(struct seminfo);
    SIZE(struct msginfo);
    NUMBER(IPC_CREAT | IPC_EXCL << 1 | IPC_NOWAIT << 2);
    NUMBER(SHM_RDONLY | SHM_RND << 1 | SHM_REMAP << 2 | SHM_EXEC << 3);
    NUMBER(SHM_LOCK * 10000 + SHM_UNLOCK * 100 + SHM_INFO);
    NUMBER(GETPID + GETVAL * 10L + GETALL * 100L + GETNCNT * 1000L + GETZCNT * 10000L);
    NUMBER(SETVAL + SETALL * 100 + SEM_INFO * 10000);
    NUMBER(MSG_NOERROR + MSG_EXCEPT * 2L + MSG_INFO * 4L);
    NUMBER(SEM_UNDO);
    return SHMLBA <= 0;
}
END
# numbers OPTION...
numbers()
{
    # shellcheck disable=SC2086
    $CC $PROGRAM_CFLAGS "$@" -o "$work/sizes" "$work/sizes.c" && "$work/sizes"
}
if [ "$(printf '#include <sys/shm.h>\n#include <sys/sem.h>\n#include <sys/msg.h>\n' |
    $CC -E -x c - >/dev/null 2>&1 && echo found)" = found ]; then
    for width in '' '-D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64'; do
        # shellcheck disable=SC2086
        numbers $width >"$work/theirs" && numbers $width -I"$ours" >"$work/ours" || failed=1
        if ! diff -u "$work/theirs" "$work/ours"; then
            echo "the bytes differ from the system's ($width)"
            failed=1
        fi
    done
fi

echo "$compiled compilations"
[ "$failed" = 0 ]
