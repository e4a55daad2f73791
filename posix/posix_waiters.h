/*
 * The queue of sleeping calls of a set, in order of arrival.
 *
 * The links are derived from the entries: after a death they are made anew from every entry
 * that is WAITING. All calls: the set lock is held, except where stated.
 */
#ifndef LIBSHM_POSIX_WAITERS_H
#define LIBSHM_POSIX_WAITERS_H

#include "posix/posix_places.h"

/*
 * Appends a call of this process to the queue. Returns its number, or 0 and errno: ENOSPC.
 * `ticket` receives what tells it from a later user of the same entry.
 */
uint32_t px_waiter_append(struct px_set *s, const struct shm_backend_sembuf *ops, size_t nops,
                          uint64_t *ticket);

/* The operations of a sleeping call, at most LIBSHM_SEMOPM; the number, 0 when they make no
 * sense. */
size_t px_waiter_ops(struct px_set *s, struct px_waiter *w, struct shm_backend_sembuf *ops);

/* Ends a call that sleeps, or is being granted, with an errno or 0. The sleeper is not woken.
 */
void px_waiter_finish(struct px_set *s, uint32_t number, uint32_t result);

/* Gives an entry that is in no queue back. Needs no lock: only its owner does it. */
void px_waiter_free(struct px_set *s, uint32_t number);

/* Takes an entry out of the queue. */
void px_fifo_unlink(struct px_set *s, uint32_t number);

/* Makes the links anew. */
void px_fifo_rebuild(struct px_set *s);

/*
 * The next entry of the queue that still waits, from the first (`number` 0) on; 0 at the end.
 * Cancelled ones are taken out on the way.
 */
uint32_t px_fifo_next(struct px_set *s, uint32_t number);

/* Frees every entry of a dead process. */
void px_waiters_drop(struct px_set *s, uint32_t row);

/* How many calls wait for the semaphore to become 0, or to grow. */
int px_waiters_count(struct px_set *s, uint32_t semaphore, int for_zero);

/*
 * Whether any of them names the semaphore; perhaps, when an entry cannot be reached, or when the `looks` at
 * their operations are used up.
 */
int px_waiters_name(struct px_set *s, uint32_t semaphore, uint32_t *looks);

/* Wakes every sleeper of a removed set. Needs no lock. */
void px_waiters_wake_all(struct px_set *s);

#endif
