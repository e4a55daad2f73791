/*
 * One operation on one semaphore, done by compare-and-exchange: without the set lock, without blocking
 * signals, without a system call.
 */
#ifndef LIBSHM_POSIX_SINGLE_H
#define LIBSHM_POSIX_SINGLE_H

#include <time.h>

#include "posix/posix_set.h"

/*
 * 1 if it is done. 0 if it takes the set lock, or has to be refused: it would wait, calls wait already,
 * another process holds an adjustment of the semaphore, whose death would have to be looked for, the
 * set is not open yet ... Nothing has changed then, and errno has not either.
 */
int px_single(int semid, const struct shm_backend_sembuf *op, const struct timespec *timeout);

/* What fits into the word, and changes something: to wait for zero is for the lock. */
static inline int px_single_is_simple(const struct shm_backend_sembuf *op)
{
    return op->sem_op != 0 && op->sem_op >= -PX_DELTA_MOST && op->sem_op <= PX_DELTA_MOST;
}

/* After an operation. Written only if it changes: others look at the same lines. */
static inline void px_single_stamp(const struct px_set *s, uint32_t index, pid_t pid)
{
    struct px_semaphore *semaphore = &px_set_semaphores(s)[index];
    struct px_header *header = px_set_header(s);
    if (PX_GET(semaphore->pid) != pid)
        PX_PUT(semaphore->pid, (int32_t)pid);
    int64_t now = (int64_t)time(NULL);
    if (PX_GET(header->otime) != now)
        PX_PUT(header->otime, now);
}

#endif
