/*
 * What calls that take no lock look at, open sets and the headers of attached segments, and what keeps
 * it mapped meanwhile.
 *
 * A thing that is lent has a place in a table that never moves, which counts who is using it. It is
 * recalled first: nobody borrows it after that, and it may be unmapped once nobody has it any more.
 * The first member of whatever is lent is its `int id`.
 */
#ifndef LIBSHM_POSIX_BORROW_H
#define LIBSHM_POSIX_BORROW_H

#include "posix/posix_store.h"

/*
 * The set or the look at a segment with this id, or NULL if none is lent. No lock is taken, no signal
 * blocked: a handler that leaves with siglongjmp before px_give_back costs a mapping that is not given up,
 * and no more.
 */
void *px_borrow(enum px_kind kind, int id);
void px_give_back(enum px_kind kind, int id);

/* All below: the table lock is held. */

/* The last of two with the same place has it. */
void px_lend(enum px_kind kind, void *thing);

/* If nothing else is lent from its place by now. */
void px_lend_again(enum px_kind kind, void *thing);

/* 1 if nobody has it. */
int px_recall(enum px_kind kind, void *thing);

/* In a forked child nobody has it any more, if not this thread, which a handler has interrupted: 1 if not. */
int px_disown(enum px_kind kind, void *thing);

#endif
