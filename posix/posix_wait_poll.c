/*
 * Looking again and again, for systems without futexes. Nobody is told to wake up: each sleeper
 * sees the change itself, a nap of at most a millisecond later.
 */
#include "config.h"

#include "posix/posix_wait.h"

#include <errno.h>
#include <time.h>

#include "posix/posix_clock.h"

/*
 * A set's lock is mostly held for less than a microsecond. Whoever waits longer naps for a
 * quarter of the time it has waited: late by at most so much, and not busy.
 */
enum { LOOKS = 100, SHORTEST_NAP_NS = 20000, LONGEST_NAP_NS = 1000000 };

static int has_changed(_Atomic uint32_t *word, uint32_t value)
{
    return atomic_load_explicit(word, memory_order_acquire) != value;
}

static int64_t nap_length(int64_t waited, int64_t left)
{
    int64_t nap = waited / 4;
    if (nap < SHORTEST_NAP_NS)
        nap = SHORTEST_NAP_NS;
    if (nap > LONGEST_NAP_NS)
        nap = LONGEST_NAP_NS;
    return nap < left ? nap : left;
}

static int nap(int64_t ns)
{
    struct timespec t = {.tv_nsec = (long)ns};
    int error = clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL);
    if (error != EINTR)
        return 0;
    errno = EINTR;
    return -1;
}

int px_wait(_Atomic uint32_t *word, uint32_t value, int64_t timeout_ns)
{
    for (int look = 0; look < LOOKS; look++)
        if (has_changed(word, value))
            return 0;
    int64_t start = px_now(), waited = 0;
    while (waited < timeout_ns && !has_changed(word, value)) {
        if (nap(nap_length(waited, timeout_ns - waited)) != 0)
            return -1;
        waited = px_now() - start;
    }
    return 0;
}

void px_wake(_Atomic uint32_t *word, int sleepers)
{
    (void)word, (void)sleepers;
}
