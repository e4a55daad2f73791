/* The clock that deadlines are measured by. */
#ifndef LIBSHM_POSIX_CLOCK_H
#define LIBSHM_POSIX_CLOCK_H

#include <stdint.h>

/* Nanoseconds since some moment; it never goes back, and setting the time does not change it. */
int64_t px_now(void);

#endif
