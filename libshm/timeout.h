/* Timeouts of the public headers, as the backend takes them. */
#ifndef LIBSHM_TIMEOUT_H
#define LIBSHM_TIMEOUT_H

#include <stddef.h>
#include <time.h>

/* A negative time, and only that, waits for ever. */
static inline const struct timespec *shm_timeout(long milliseconds, struct timespec *ts)
{
    if (milliseconds < 0)
        return NULL;
    ts->tv_sec = milliseconds / 1000;
    ts->tv_nsec = milliseconds % 1000 * 1000000;
    return ts;
}

#endif
