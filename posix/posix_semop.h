/*
 * Operations on a set: trying them, granting them to sleepers.
 */
#ifndef LIBSHM_POSIX_SEMOP_H
#define LIBSHM_POSIX_SEMOP_H

#include "posix/posix_set.h"

/* Which operation a call stopped at, and why. */
struct px_attempt {
    int error; /* 0 done, EAGAIN: would have to wait, ERANGE */
    uint16_t blocked_on;
    int for_zero;
    int nowait; /* the operation that would have to wait must not */
};

/*
 * Tries the operations on a scratch copy, in array order, all or none, on behalf of `row`. What
 * they leave is prepared in the redo record for px_redo_commit; `count` is the number of its
 * entries. The set lock is held.
 */
struct px_attempt px_try(struct px_set *s, uint32_t row, int32_t pid,
                         const struct shm_backend_sembuf *ops, size_t nops, uint32_t *count);

/*
 * Tries the sleeping calls again, until nothing changes. `changed` is how many entries of the redo
 * record name the semaphores that may have changed, or PX_ANY. Lock held.
 */
#define PX_ANY UINT32_MAX
void px_serve(struct px_set *s, uint32_t changed);

/*
 * Commits what px_try prepared for this process; if that changes any value, serves the sleepers.
 * Lock held.
 */
void px_commit(struct px_set *s, uint32_t count, int changes);

/* Whether the set's permissions grant this process all of `wanted` (4 read, 2 alter). */
int px_may_operate(const struct px_set *s, unsigned wanted);

int px_timeout_is_valid(const struct timespec *timeout);

/* Records why a call ends without having done anything: -1 and `error`. */
int px_refuse(int error);

#endif
