#include "config.h"

#include "posix/posix_limits.h"

#include <errno.h>
#include <stdlib.h>

#include "libshm/backend.h"
#include "libshm/fail.h"
#include "posix/posix_number.h"

/* So that no sum with it can overflow an off_t; the same number in programs of 32 bits, which share variables. */
#define LARGEST_SEGMENT ((uint64_t)INT64_MAX - (1u << 24))

#define NUMBER_OF(things, variable)                                                            \
    {                                                                                          \
        variable, INT32_MAX, INT32_MAX,                                                        \
            "there are as many " things " as " variable                                        \
            " allows; remove unused ones (shmtool ls, shmtool rm), or set it to more"          \
    }

static const struct {
    const char *variable;
    uint64_t usual, most;
    const char *text;
} limits[PX_LIMITS] = {
    [PX_SHMMAX] =
        {"LIBSHM_SHMMAX", LARGEST_SEGMENT, LARGEST_SEGMENT,
         "the size is above LIBSHM_SHMMAX, the most that this process gives a segment"},
    [PX_SHMMNI] = NUMBER_OF("segments", "LIBSHM_SHMMNI"),
    [PX_SEMMNI] = NUMBER_OF("semaphore sets", "LIBSHM_SEMMNI"),
    [PX_MSGMNI] = NUMBER_OF("message queues", "LIBSHM_MSGMNI"),
    [PX_MSGMNB] = {"LIBSHM_MSGMNB", LIBSHM_MSGMNB, INT32_MAX, NULL},
};

/* Written under the store lock before the store is ready, then only read. */
static uint64_t settled[PX_LIMITS];

static int settle(enum px_limit limit)
{
    const char *text = secure_getenv(limits[limit].variable);
    settled[limit] = limits[limit].usual;
    const char *end = text ? px_number_parse(text, limits[limit].most, &settled[limit]) : "";
    if (end && *end == '\0')
        return 0;
    return shm_failf(EINVAL, "%s must be a decimal number from 0 to %llu, and nothing else",
                     limits[limit].variable, (unsigned long long)limits[limit].most);
}

int px_limits_settle(void)
{
    for (enum px_limit limit = 0; limit < PX_LIMITS; limit++)
        if (settle(limit) != 0)
            return -1;
    return 0;
}

uint64_t px_limit(enum px_limit limit)
{
    return settled[limit];
}

int px_limit_is_set(enum px_limit limit)
{
    return settled[limit] != limits[limit].usual;
}

const char *px_limit_text(enum px_limit limit)
{
    return limits[limit].text;
}

enum px_limit px_limit_of(enum px_kind kind)
{
    static const enum px_limit of[] = {
        [PX_SEGMENT] = PX_SHMMNI, [PX_SET] = PX_SEMMNI, [PX_QUEUE] = PX_MSGMNI};
    return of[kind];
}
