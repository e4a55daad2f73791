#include "config.h"

#include "posix/posix_borrow.h"

#include <stdatomic.h>

#ifdef HAVE_SYS_SINGLE_THREADED_H
#include <sys/single_threaded.h>
#define is_single_threaded() __libc_single_threaded
#else
#define is_single_threaded() 0
#endif

enum { PLACES = 4096 };

static struct place {
    void *_Atomic thing;
    _Atomic unsigned users;
} places[2][PLACES];

static struct place *place_of(enum px_kind kind, int id)
{
    return &places[kind == PX_SET][(unsigned)id % PLACES];
}

static int id_of(const void *thing)
{
    return *(const int *)thing;
}

/* Never below 0: in the child of a handler that forks in between, nobody has anything any more. */
static unsigned changed(unsigned count, int difference)
{
    return difference < 0 && count == 0 ? 0 : count + (unsigned)difference;
}

/*
 * Two thirds of what an uncontended operation would cost, were it always one atomic step. A handler
 * that comes between the load and the store leaves the count as it was.
 */
static void add(_Atomic unsigned *users, int difference)
{
    unsigned count = atomic_load_explicit(users, memory_order_relaxed);
    if (is_single_threaded())
        atomic_store_explicit(users, changed(count, difference), memory_order_relaxed);
    else
        while (!atomic_compare_exchange_weak(users, &count, changed(count, difference)))
            continue;
}

/* Counted first, looked at afterwards: who recalls a thing does it the other way round. */
void *px_borrow(enum px_kind kind, int id)
{
    struct place *place = place_of(kind, id);
    add(&place->users, 1);
    atomic_signal_fence(memory_order_seq_cst);
    void *thing = atomic_load(&place->thing);
    if (thing && id_of(thing) == id)
        return thing;
    px_give_back(kind, id);
    return NULL;
}

void px_give_back(enum px_kind kind, int id)
{
    atomic_signal_fence(memory_order_seq_cst);
    add(&place_of(kind, id)->users, -1);
}

void px_lend(enum px_kind kind, void *thing)
{
    atomic_store(&place_of(kind, id_of(thing))->thing, thing);
}

void px_lend_again(enum px_kind kind, void *thing)
{
    void *none = NULL;
    if (atomic_load(&place_of(kind, id_of(thing))->thing) == NULL)
        atomic_compare_exchange_strong(&place_of(kind, id_of(thing))->thing, &none, thing);
}

int px_recall(enum px_kind kind, void *thing)
{
    struct place *place = place_of(kind, id_of(thing));
    void *lent = thing;
    atomic_compare_exchange_strong(&place->thing, &lent, NULL);
    return atomic_load(&place->users) == 0;
}

int px_disown(enum px_kind kind, void *thing)
{
    struct place *place = place_of(kind, id_of(thing));
    return atomic_exchange(&place->users, 0) == 0;
}
