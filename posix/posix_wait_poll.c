/*
 * Looking again and again, for systems without futexes. Nobody is told to wake up: each sleeper
 * sees the change itself, a nap later.
 */
#include "config.h"

#include "posix/posix_wait.h"

#include <errno.h>
#include <stddef.h>
#include <time.h>

#include "posix/posix_clock.h"

/*
 * A set's lock is mostly held for less than a microsecond. Whoever waits longer naps for a
 * quarter of the time it has waited: late by at most so much, and not busy.
 */
enum { LOOKS = 100, SHORTEST_NAP_NS = 20000, LONGEST_NAP_NS = 1000000 };

/*
 * A wait that went on to its end and is begun again is a long one. Its naps are as long as four of
 * them fill the time: a thousand sleepers would otherwise use up a processor with looking.
 */
static _Thread_local struct {
    _Atomic uint32_t *word;
    uint32_t value;
} in_vain;

static int has_changed(_Atomic uint32_t *word, uint32_t value)
{
    return atomic_load_explicit(word, memory_order_acquire) != value;
}

static int64_t nap_length(int64_t waited, int64_t left, int64_t shortest)
{
    int64_t nap = waited / 4 < LONGEST_NAP_NS ? waited / 4 : LONGEST_NAP_NS;
    if (nap < shortest)
        nap = shortest;
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
    int again = in_vain.word == word && in_vain.value == value;
    for (int look = 0; look < LOOKS && !again; look++)
        if (has_changed(word, value))
            return 0;
    int64_t start = px_now(), waited = 0, shortest = again ? timeout_ns / 4 : SHORTEST_NAP_NS;
    while (waited < timeout_ns && !has_changed(word, value)) {
        if (nap(nap_length(waited, timeout_ns - waited, shortest)) != 0)
            return -1;
        waited = px_now() - start;
    }
    in_vain.word = waited < timeout_ns ? NULL : word;
    in_vain.value = value;
    return 0;
}

void px_wake(_Atomic uint32_t *word, int sleepers)
{
    (void)word, (void)sleepers;
}
