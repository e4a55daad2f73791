#include "config.h"

#include "posix/posix_clock.h"

#include <time.h>

int64_t px_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}
