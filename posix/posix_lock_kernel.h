/*
 * The system calls for locks of both kinds: `set` is F_OFD_SETLK or F_SETLK, `get` is F_OFD_GETLK or
 * F_GETLK.
 */
#ifndef LIBSHM_POSIX_LOCK_KERNEL_H
#define LIBSHM_POSIX_LOCK_KERNEL_H

#include <stdint.h>
#include <sys/types.h>

/* `type` is F_RDLCK, F_WRLCK or F_UNLCK. 0, or -1 and errno: EAGAIN when somebody else has it. */
int px_kernel_lock(int fd, int set, short type, off_t start, off_t length);

/* 1 if somebody else holds a lock that conflicts with `type`, 0 if not, -1 and errno. */
int px_kernel_conflict(int fd, int get, short type, off_t start, off_t end);

/* How many locks others hold in [start, end); -1 and errno. */
int64_t px_kernel_count(int fd, int get, off_t start, off_t end);

#endif
