#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/waits.h"

enum { NAP = 1000000 };

/* From the death to the next holder several processes must get a processor, one after the other. */
enum { TURNS = 4 };

static int64_t nanoseconds_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void *observe(void *context)
{
    struct waits *waits = context;
    while (!atomic_load(&waits->over)) {
        int64_t due = nanoseconds_now() + NAP;
        nanosleep(&(struct timespec){.tv_nsec = NAP}, NULL);
        int64_t late = nanoseconds_now() - due;
        if (late > atomic_load(&waits->lateness))
            atomic_store(&waits->lateness, late);
        atomic_fetch_add(&waits->naps, 1);
    }
    return NULL;
}

/* Signals are for the test's own threads. */
void waits_start(struct waits *waits)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (pthread_create(&waits->observer, NULL, observe, waits) != 0) {
        puts("no thread to observe the machine");
        exit(99);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* The nap that is under way may be the late one. */
static void finish_nap(struct waits *waits)
{
    int naps = atomic_load(&waits->naps);
    while (atomic_load(&waits->naps) == naps)
        nanosleep(&(struct timespec){.tv_nsec = NAP}, NULL);
}

void waits_add(struct waits *waits, double seconds)
{
    if (seconds > 0.050)
        finish_nap(waits);
    double lateness = (double)atomic_exchange(&waits->lateness, 0) * 1e-9;
    waits->count++;
    waits->late += seconds > 0.050 + TURNS * lateness;
    if (seconds > waits->longest)
        waits->longest = seconds;
}

bool waits_were_prompt(struct waits *waits)
{
    atomic_store(&waits->over, 1);
    pthread_join(waits->observer, NULL);
    printf("%d waits for a lock, %d above 50 ms and what the machine was late, the longest "
           "%.1f ms\n",
           waits->count, waits->late, waits->longest * 1e3);
    return waits->count > 0 && waits->late * 10 <= waits->count;
}
