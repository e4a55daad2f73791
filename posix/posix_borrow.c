#include "config.h"

#include "posix/posix_borrow.h"

struct px_place px_places[PX_KINDS][PX_PLACES];

static int id_of(const void *thing)
{
    return *(const int *)thing;
}

void px_place_count_threaded(struct px_place *place, int difference)
{
    unsigned count = atomic_load_explicit(&place->users, memory_order_relaxed);
    while (!atomic_compare_exchange_weak(&place->users, &count,
                                         px_place_changed(count, difference)))
        continue;
}

void px_lend(enum px_kind kind, void *thing)
{
    atomic_store(&px_place_of(kind, id_of(thing))->thing, thing);
}

void px_lend_again(enum px_kind kind, void *thing)
{
    void *none = NULL;
    if (atomic_load(&px_place_of(kind, id_of(thing))->thing) == NULL)
        atomic_compare_exchange_strong(&px_place_of(kind, id_of(thing))->thing, &none, thing);
}

int px_recall(enum px_kind kind, void *thing)
{
    struct px_place *place = px_place_of(kind, id_of(thing));
    void *lent = thing;
    atomic_compare_exchange_strong(&place->thing, &lent, NULL);
    return atomic_load(&place->users) == 0;
}

int px_disown(enum px_kind kind, void *thing)
{
    struct px_place *place = px_place_of(kind, id_of(thing));
    return atomic_exchange(&place->users, 0) == 0;
}
