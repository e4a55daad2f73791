/*
 * The linker puts a function of nth_wrap.c before each function of the C library that can fail
 * (--wrap). It counts the uses, and lets the n-th one fail with an errno of choice.
 *
 * Which errnos: those that its manual page documents and that can be true while the objects are
 * as they are. ENOENT for a file that is there would be a lie about the state, not a failure;
 * EBADF or EFAULT would be the library's own mistake.
 */
#ifndef LIBSHM_TESTS_NTH_WRAP_H
#define LIBSHM_TESTS_NTH_WRAP_H

#include <stdbool.h>

/* Beside the functions, what one function does in two ways that fail differently. */
enum nth_function {
    NTH_OPEN,
    NTH_STAT,
    NTH_FSTAT,
    NTH_READ,
    NTH_WRITE,
    NTH_FTRUNCATE,
    NTH_FALLOCATE,
    NTH_MMAP,
    NTH_MUNMAP,
    NTH_MADVISE,
    NTH_SETLK,
    NTH_GETLK,
    NTH_CLOSE,
    NTH_SYMLINK,
    NTH_READLINK,
    NTH_UNLINK,
    NTH_CHMOD,
    NTH_CHOWN,
    NTH_OPENDIR,
    NTH_READDIR,
    NTH_STATVFS,
    NTH_GETGROUPS,
    NTH_GETRANDOM,
    NTH_NANOSLEEP,
    NTH_FUTEX_WAIT,
    NTH_FUTEX_WAKE,
    NTH_PPOLL,
    NTH_KILL,
    NTH_ALLOC,
    NTH_ATFORK,
    NTH_SHMGET,
    NTH_SHMAT,
    NTH_SHMCTL,
    NTH_SEMGET,
    NTH_SEMTIMEDOP,
    NTH_SEMGIVE,
    NTH_SEMCTL,
    NTH_MSGGET,
    NTH_MSGSND,
    NTH_MSGRCV,
    NTH_MSGCTL,
    NTH_FUNCTIONS
};

const char *nth_name(enum nth_function f);

/* Ends with 0. `all`: the rare ones too. */
const int *nth_errnos(enum nth_function f, bool all);

/* From now on uses are counted, and the `n`-th (from 1) of `f` fails; n = 0: none. */
void nth_arm(enum nth_function f, long n, int error);
void nth_disarm(void);

/* The same by an environment variable, for what happens before main(). */
#define NTH_ORDER "LIBSHM_TEST_NTH_ORDER"

/* Of the time between the two calls. */
long nth_uses(enum nth_function f);
bool nth_struck(void);

/* Blocks of memory the library has, and anonymous mappings; counted all the time. */
long nth_blocks(void);
long nth_maps(void);

/* The ids of System V objects that this process made: others may use the same namespace. */
struct nth_made {
    int segments[16], sets[16], queues[16];
    int nsegments, nsets, nqueues;
};
extern struct nth_made *nth_made; /* NULL: not noted */

#endif
