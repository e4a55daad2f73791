/*
 * Calls that have to wait: asleep in the queue until somebody else does their operations, or a
 * timeout, a signal or the set's removal ends them.
 */
#ifndef LIBSHM_POSIX_SLEEP_H
#define LIBSHM_POSIX_SLEEP_H

#include "posix/posix_call.h"

/*
 * Sleeps as entry `number` of the queue; `ticket` tells it from a later user of the entry. The
 * set lock is not held, signals are blocked. Returns the result of the call; call->s is NULL
 * afterwards if a handler's call has released the set.
 */
int px_sleep(struct px_call *call, uint32_t number, uint64_t ticket);

/*
 * Cancels the call that this thread left asleep with siglongjmp, if any, and gives back what it
 * was granted. Signals are blocked, no lock is held; `mask` is the caller's.
 */
void px_sleep_cancel_abandoned(const struct px_mask *mask);

/* Whether there is one. Most processes have none asleep, and need not ask for the thread's. */
extern _Atomic int px_sleep_count;
int px_sleep_is_of_thread(void);
static inline int px_sleep_may_be_abandoned(void)
{
    return atomic_load_explicit(&px_sleep_count, memory_order_relaxed) != 0;
}
static inline int px_sleep_is_abandoned(void)
{
    return px_sleep_may_be_abandoned() && px_sleep_is_of_thread();
}

/* The same for callers that block nothing. */
void px_sleep_cancel_unblocked(void);

/* posix_interrupt.c: whether what the program has named for it says that the call shall end. */
int px_asked_to_stop(const struct px_mask *mask);

/* In a forked child: this thread has no call asleep. */
void px_sleep_notice_fork(void);

#endif
