/*
 * Judging how long processes wait for a lock whose holder was killed: 50 ms is what is promised, on
 * a machine that runs whoever is ready. Other load lets ready processes wait, and with the kernel's
 * semaphores just as long; so a thread that only sleeps observes by how much the machine is late, and
 * a wait is late only if that does not explain it. At most one in ten may be. What never comes is
 * found by the timeout of each wait.
 */
#ifndef LIBSHM_TESTS_WAITS_H
#define LIBSHM_TESTS_WAITS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct waits {
    int count, late;
    double longest;           /* seconds */
    _Atomic int64_t lateness; /* of the machine since the last wait was added, nanoseconds */
    _Atomic int naps;         /* of the observer */
    _Atomic int over;
    pthread_t observer; /* a thread of the process that called waits_start */
};

/* A `struct waits` of zeros, which may lie in memory that processes share. */
void waits_start(struct waits *waits);
void waits_add(struct waits *waits, double seconds);
bool waits_were_prompt(struct waits *waits); /* prints the figures, ends the observation */

#endif
