/*
 * Open sets for calls that take no lock: what keeps a set mapped while they use it.
 *
 * A set that is lent has a place in a table that never moves, which counts who is using it. A set is
 * recalled first: nobody borrows it after that, and it may be unmapped once nobody has it any more.
 */
#ifndef LIBSHM_POSIX_BORROW_H
#define LIBSHM_POSIX_BORROW_H

#include "posix/posix_set.h"

/*
 * The set with this id, or NULL if it is not lent. No lock is taken, no signal blocked: a handler that
 * leaves with siglongjmp before px_set_give_back costs a mapping that is not given up, and no more.
 */
struct px_set *px_set_borrow(int id);
void px_set_give_back(int id);

/* All below: the table lock is held. */

/* The last of two with the same place has it. */
void px_set_lend(struct px_set *s);

/* 1 if nobody has the set. */
int px_set_recall(struct px_set *s);

/* In a forked child: the same, and nobody has it any more, if not this thread, which a handler has interrupted. */
int px_set_disown(struct px_set *s);

#endif
