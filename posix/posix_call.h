/*
 * Calls that may have to wait, on a semaphore set or a message queue.
 */
#ifndef LIBSHM_POSIX_CALL_H
#define LIBSHM_POSIX_CALL_H

#include <time.h>

#include "posix/posix_process.h"
#include "posix/posix_set.h"

struct px_call {
    struct px_set *s;
    const struct shm_backend_sembuf *ops; /* of semtimedop */
    size_t nops;
    int may_wait;
    int64_t deadline;           /* px_now() units; INT64_MAX: none */
    const struct px_mask *mask; /* the caller's */
};

static inline int px_timeout_is_valid(const struct timespec *timeout)
{
    return !timeout ||
           (timeout->tv_sec >= 0 && timeout->tv_nsec >= 0 && timeout->tv_nsec < 1000000000);
}

/* px_now() at the end of the timeout; 0 for one that is over already, INT64_MAX for none. */
int64_t px_deadline_of(const struct timespec *timeout);

/*
 * Takes the set lock. It is held for nanoseconds, unless its holder is stopped: a call that must not
 * wait gives it the benefit of the doubt for a while. 0, or -1 and errno, recorded: EAGAIN, EINTR.
 */
int px_call_lock(struct px_call *call);

/* Records why a call ends without having done anything: -1 and `error`. */
int px_call_refuse(const struct px_set *s, int error);

/* The same for a set or queue that was removed meanwhile: EIDRM. */
int px_call_removed(const struct px_set *s);

#endif
