/*
 * Operations on a set: trying them, granting them to sleepers.
 */
#ifndef LIBSHM_POSIX_SEMOP_H
#define LIBSHM_POSIX_SEMOP_H

#include "posix/posix_perm.h"
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

/* semtimedop under the set lock. */
int px_semop(int semid, const struct shm_backend_sembuf *ops, size_t nops,
             const struct timespec *timeout);

/*
 * Commits what px_try prepared for this process; if that changes any value, serves the sleepers.
 * Lock held.
 */
void px_commit(struct px_set *s, uint32_t count, int changes);

/*
 * Whether the set's permissions grant this process all of `wanted` (4 read, 2 alter): its class is as
 * found when the set was opened, and found again where IPC_SET has given the set to somebody else since, or
 * before the operation is refused.
 */
int px_may_operate_still(const struct px_set *s, unsigned wanted);
static inline int px_may_operate_as_known(const struct px_set *s, unsigned wanted)
{
    const volatile struct px_header *h = px_set_header(s);
    return h->uid == s->of_uid && h->gid == s->of_gid &&
           px_perm_class_grants(s->class_bit, h->mode, wanted);
}
static inline int px_may_operate(const struct px_set *s, unsigned wanted)
{
    return px_may_operate_as_known(s, wanted) || px_may_operate_still(s, wanted);
}

#endif
