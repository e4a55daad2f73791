#include "config.h"

#include "posix/posix_relax.h"

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>

#include "posix/posix_clock.h"

enum {
    LOOKS = 200,       /* a few microseconds: many times what a hand-over takes */
    WAKING_NS = 60000, /* what being woken takes at the most, where processors sleep deeply */
    SHORT_NS = 2 * WAKING_NS /* the other side was woken first, and then this one */
};

static _Atomic int looks = -1, most_looks;

static int has_processors(void)
{
    cpu_set_t processors;
    if (sched_getaffinity(0, sizeof processors, &processors) != 0)
        return 1; /* more of them than the set has room for */
    return CPU_COUNT(&processors) > 1;
}

/* As many as take no longer than being woken. A processor's pause is from 10 to 140 cycles. */
static int count_most(void)
{
    int64_t begun = px_now();
    for (int i = 0; i < LOOKS; i++)
        px_relax();
    int64_t took = px_now() - begun;
    if (took <= LOOKS || took > WAKING_NS)
        return LOOKS;
    return (int)((int64_t)WAKING_NS * LOOKS / took);
}

int px_looks(void)
{
    int known = atomic_load_explicit(&looks, memory_order_relaxed);
    if (known < 0) {
        int error = errno;
        known = has_processors() ? LOOKS : 0;
        atomic_store_explicit(&most_looks, known ? count_most() : 0, memory_order_relaxed);
        errno = error;
        atomic_store_explicit(&looks, known, memory_order_release); /* after most_looks */
    }
    return known;
}

void px_looks_learn(int64_t slept)
{
    int known = atomic_load_explicit(&looks, memory_order_acquire);
    int most = atomic_load_explicit(&most_looks, memory_order_relaxed);
    if (known <= 0)
        return;
    int in_vain = slept > SHORT_NS || known >= most;
    int next = in_vain ? LOOKS : 2 * known;
    atomic_store_explicit(&looks, next < most ? next : most, memory_order_release);
}
