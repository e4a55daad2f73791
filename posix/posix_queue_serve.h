/*
 * Calls that sleep on a message queue: whose turn it is.
 *
 * The set lock is held.
 */
#ifndef LIBSHM_POSIX_QUEUE_SERVE_H
#define LIBSHM_POSIX_QUEUE_SERVE_H

#include "posix/posix_queue.h"

/*
 * Gives messages to the receivers and tells the senders that there is room, each in the order in which they
 * came. Receivers with too little room for their message end with E2BIG.
 */
void px_queue_serve(struct px_set *s);

/*
 * Whether a call that sleeps could have been left behind by a death, or by somebody who took room for a
 * moment: a sender for whom there is room. Receivers get what they wait for before anybody gives the lock
 * back. Needs no lock.
 */
int px_queue_may_be_late(struct px_set *s, uint32_t number);

/* What `number` waits for is looked at by all who send, or make room, from now on. */
void px_queue_await(struct px_set *s, uint32_t number);

/* A message that was given to a call which is not there any more goes back, behind all others. */
void px_queue_give_back(struct px_set *s, uint32_t number);

#endif
