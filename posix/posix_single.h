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

#endif
