#include "config.h"

#include "posix/posix_borrow.h"

#ifdef HAVE_SYS_SINGLE_THREADED_H
#include <sys/single_threaded.h>
#define is_single_threaded() __libc_single_threaded
#else
#define is_single_threaded() 0
#endif

enum { PLACES = 1024 };

static struct place {
    struct px_set *_Atomic set;
    _Atomic unsigned users;
} places[PLACES];

static struct place *place_of(int id)
{
    return &places[(unsigned)id % PLACES];
}

/*
 * Two thirds of what an uncontended operation would cost, were it always one atomic step. A handler
 * that comes between the load and the store leaves the count as it was.
 */
static void add(_Atomic unsigned *users, unsigned difference)
{
    if (is_single_threaded())
        atomic_store_explicit(users,
                              atomic_load_explicit(users, memory_order_relaxed) + difference,
                              memory_order_relaxed);
    else
        atomic_fetch_add(users, difference);
}

/* Counted first, looked at afterwards: who recalls a set does it the other way round. */
struct px_set *px_set_borrow(int id)
{
    struct place *place = place_of(id);
    add(&place->users, 1);
    atomic_signal_fence(memory_order_seq_cst);
    struct px_set *s = atomic_load(&place->set);
    if (s && s->id == id)
        return s;
    px_set_give_back(id);
    return NULL;
}

void px_set_give_back(int id)
{
    atomic_signal_fence(memory_order_seq_cst);
    add(&place_of(id)->users, (unsigned)-1);
}

void px_set_lend(struct px_set *s)
{
    atomic_store(&place_of(s->id)->set, s);
}

int px_set_recall(struct px_set *s)
{
    struct place *place = place_of(s->id);
    struct px_set *lent = s;
    atomic_compare_exchange_strong(&place->set, &lent, NULL);
    return atomic_load(&place->users) == 0;
}

int px_set_disown(struct px_set *s)
{
    struct place *place = place_of(s->id);
    int unused = px_set_recall(s);
    atomic_store(&place->users, 0);
    return unused;
}
