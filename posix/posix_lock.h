/*
 * Locks on byte ranges of an object's file that die with whoever holds them.
 *
 * They are bound to the open file description. A mapping made through the descriptor keeps them
 * after the descriptor is closed, until it is unmapped: by munmap, exec, exit or SIGKILL.
 *
 *   byte 0               the object's life lock, exclusive: creation, removal, IPC_SET
 *   bytes [1, 2^31)      one for each process row of a semaphore set, exclusive
 *   bytes [2^32, 2^62)   one random byte for each attach of a segment, shared
 */
#ifndef LIBSHM_POSIX_LOCK_H
#define LIBSHM_POSIX_LOCK_H

#include <stdint.h>
#include <sys/types.h>

#define PX_LIFE_BYTE    ((off_t)0)
#define PX_ATTACH_START ((off_t)1 << 32)
#define PX_ATTACH_END   ((off_t)1 << 62)

_Static_assert(sizeof(off_t) == 8, "locks lie beyond 4 GiB on every system");

/* Never wait. 0, or -1 and errno: EAGAIN when somebody else holds part of the range. */
int px_lock_exclusive(int fd, off_t start, off_t length);
int px_lock_shared(int fd, off_t start, off_t length);

/* Gives a lock of this descriptor back. */
void px_unlock(int fd, off_t start, off_t length);

/* 1 if somebody else holds an exclusive lock on the byte, 0 if not, -1 and errno. */
int px_lock_is_held(int fd, off_t byte);

/* How many locks others hold in [start, end): shared ones on distinct bytes. -1 and errno. */
int64_t px_lock_count(int fd, off_t start, off_t end);

/* 1 if anybody else holds any lock in [start, end), 0 if not, -1 and errno. */
int px_lock_any(int fd, off_t start, off_t end);

#endif
