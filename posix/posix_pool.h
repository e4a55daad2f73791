/*
 * Fixed-size records for tables of this process, taken from the system page by page: malloc may
 * not be called where a signal handler may have interrupted it.
 */
#ifndef LIBSHM_POSIX_POOL_H
#define LIBSHM_POSIX_POOL_H

#include <stddef.h>

struct px_pool {
    size_t record;     /* bytes of a record, at least a pointer's */
    void *free;        /* given back */
    char *fresh, *end; /* never taken yet */
};

/* A zeroed record, or NULL when the system has no memory left. */
void *px_pool_take(struct px_pool *pool);
void px_pool_give(struct px_pool *pool, void *record);

#endif
