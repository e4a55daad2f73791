/*
 * What calls that take no lock look at, open sets, open queues and the headers of attached segments, and what keeps
 * it mapped meanwhile.
 *
 * A thing that is lent has a place in a table that never moves, which counts who is using it. It is
 * recalled first: nobody borrows it after that, and it may be unmapped once nobody has it any more.
 * The first member of whatever is lent is its `int id`.
 */
#ifndef LIBSHM_POSIX_BORROW_H
#define LIBSHM_POSIX_BORROW_H

#include <stdatomic.h>
#include <stddef.h>

#include "posix/posix_store.h"

#ifdef HAVE_SYS_SINGLE_THREADED_H
#include <sys/single_threaded.h>
#define PX_IS_SINGLE_THREADED __libc_single_threaded
#else
#define PX_IS_SINGLE_THREADED 0
#endif

/* Private, here because an uncontended operation spends half its time on calls. */
enum { PX_PLACES = 4096 };

struct px_place {
    void *_Atomic thing;
    _Atomic unsigned users;
};
extern struct px_place px_places[PX_KINDS][PX_PLACES];

void px_place_count_threaded(struct px_place *place, int difference);

static inline struct px_place *px_place_of(enum px_kind kind, int id)
{
    return px_places[kind - 1] + (unsigned)id % PX_PLACES;
}

/* Never below 0: in the child of a handler that forks in between, nobody has anything any more. */
static inline unsigned px_place_changed(unsigned count, int difference)
{
    return difference < 0 && count == 0 ? 0 : count + (unsigned)difference;
}

/*
 * By the only thread: to count is two thirds of what an uncontended operation would cost, were it always one
 * atomic step. A handler that comes between the load and the store leaves the count as it was.
 */
static inline void px_place_count_alone(struct px_place *place, int difference)
{
    atomic_signal_fence(memory_order_seq_cst);
    unsigned count = atomic_load_explicit(&place->users, memory_order_relaxed);
    atomic_store_explicit(&place->users, px_place_changed(count, difference),
                          memory_order_relaxed);
    atomic_signal_fence(memory_order_seq_cst);
}

static inline void px_place_count(struct px_place *place, int difference)
{
    if (PX_IS_SINGLE_THREADED)
        px_place_count_alone(place, difference);
    else
        px_place_count_threaded(place, difference);
}

/* The thing with this id, or NULL if the place has none, or another. */
static inline void *px_place_thing(struct px_place *place, int id)
{
    void *thing = atomic_load(&place->thing);
    return thing && *(const int *)thing == id ? thing : NULL;
}

/*
 * The set, the queue or the look at a segment with this id, or NULL if none is lent. No lock is taken, no signal
 * blocked: a handler that leaves with siglongjmp before px_give_back costs a mapping that is not given up,
 * and no more.
 */
static inline void px_give_back(enum px_kind kind, int id)
{
    px_place_count(px_place_of(kind, id), -1);
}

/* Counted first, looked at afterwards: who recalls a thing does it the other way round. */
static inline void *px_borrow(enum px_kind kind, int id)
{
    struct px_place *place = px_place_of(kind, id);
    px_place_count(place, 1);
    void *thing = px_place_thing(place, id);
    if (!thing)
        px_give_back(kind, id);
    return thing;
}

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
