/*
 * What needs a moment in which nobody sends or receives: finding the blocks and the room that a death has
 * left to nobody, and moving to the other ring.
 *
 * The set lock is held.
 */
#ifndef LIBSHM_POSIX_QUEUE_SWEEP_H
#define LIBSHM_POSIX_QUEUE_SWEEP_H

#include "posix/posix_queue.h"

/* A process has died that may have had blocks and room. */
void px_queue_note_death(struct px_set *s);

/* A row that somebody had before has nothing. Of a semaphore set: nothing. */
void px_queue_begin_row(const struct px_set *s, struct px_row *row);

/*
 * If one has: 1 if what it had is free now. It is not while a living process is stopped in the middle of
 * sending or receiving: then the next call tries again.
 */
int px_queue_sweep(struct px_set *s);

/* One message that stays keeps the ring from turning: moves all to the other one. 1, or 0. */
int px_queue_move(struct px_set *s);

/* The same before that is needed, if it would save much looking at slots whose messages were taken. */
void px_queue_tidy(struct px_set *s);

/* Completes or takes back what a dead holder of the lock was doing. Of a semaphore set: nothing. */
void px_queue_settle(struct px_set *s);

#endif
