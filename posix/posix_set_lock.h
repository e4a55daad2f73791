/*
 * The lock of a set, and what its next holder repairs when the last one died with it.
 */
#ifndef LIBSHM_POSIX_SET_LOCK_H
#define LIBSHM_POSIX_SET_LOCK_H

#include "posix/posix_process.h"
#include "posix/posix_set.h"

/*
 * Takes the lock; signals are blocked. While another process holds it (it may be stopped),
 * signals are let through for a moment every few milliseconds; `mask` is the mask to do it
 * with, NULL: never.
 *
 * deadline   px_now() at which to give up with EAGAIN; INT64_MAX: never
 *
 * Returns 0, or -1 and errno, not recorded: EAGAIN, EINTR when a handler ran meanwhile and
 * `interruptible`.
 */
struct px_patience {
    int64_t deadline;
    const struct px_mask *mask;
    int interruptible;
};
int px_set_lock(struct px_set *s, const struct px_patience *patience);
void px_set_unlock(struct px_set *s);

#endif
