/*
 * The redo record: how one operation on a set happens as a whole or not at all.
 *
 * Until `valid` is set, nothing of the state has changed. From then on every store is absolute
 * and only the holder of the set lock writes, so that replaying it, any number of times and by
 * repairers that die as well, gives the state after the operation.
 *
 * The set lock is held.
 */
#ifndef LIBSHM_POSIX_REDO_H
#define LIBSHM_POSIX_REDO_H

#include "posix/posix_set.h"

struct px_change {
    uint32_t count; /* entries prepared with px_redo_set */
    uint32_t row;   /* whose adjustments change; 0: nobody's */
    uint32_t row_state;
    uint32_t waiter;      /* sleeping call that this ends with success; 0: none */
    int64_t otime, ctime; /* 0: unchanged */
};

/* Prepares entry `slot`. */
void px_redo_set(struct px_set *s, uint32_t slot, uint32_t semaphore, uint64_t word,
                 uint64_t cell, int32_t pid);

void px_redo_commit(struct px_set *s, const struct px_change *change);

/* Applies what a dead holder of the lock had committed. */
void px_redo_replay(struct px_set *s);

#endif
