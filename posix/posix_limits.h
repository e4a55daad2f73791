/*
 * How much there may be, of what programs may want less or more: each limit is a variable of the environment,
 * LIBSHM_ and its name.
 *
 * They are read once, with the store's settings, and hold for what this process makes and for what it
 * reports. An object that another process has made is used whatever its size is.
 */
#ifndef LIBSHM_POSIX_LIMITS_H
#define LIBSHM_POSIX_LIMITS_H

#include "posix/posix_store.h"

enum px_limit {
    PX_SHMMAX, /* bytes of a segment; this program may be unable to have as many */
    PX_SHMMNI, /* segments, sets, queues of the namespace */
    PX_SEMMNI,
    PX_MSGMNI,
    PX_MSGMNB, /* qbytes of a new queue, and what needs no right to be set */
    PX_LIMITS
};

/* Reads the variables: 0, or -1 and EINVAL. For the store, which publishes them with its settings. */
int px_limits_settle(void);

/* The rest needs px_store_check before it. */
uint64_t px_limit(enum px_limit limit);

/* Whether a variable has changed it. */
int px_limit_is_set(enum px_limit limit);

/* The sentence for who wants more; of PX_MSGMNB there is none. */
const char *px_limit_text(enum px_limit limit);

/* Which one says how many objects of a kind there may be. */
enum px_limit px_limit_of(enum px_kind kind);

#endif
