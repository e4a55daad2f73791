/*
 * Listing: the only calls that read the folder. They allocate and are not for signal handlers.
 */
#ifndef LIBSHM_POSIX_LIST_H
#define LIBSHM_POSIX_LIST_H

#include "posix/posix_object.h"

/*
 * The index of INFO and STAT is the rank among all ids in ascending order, so it moves when
 * objects come and go between two calls.
 */
int px_list_rank(enum px_kind kind, int rank); /* the id; -1 and errno, EINVAL: none */
int px_list_highest(enum px_kind kind);        /* 0 when there is none; -1 and errno */

/* Every object of this kind that can be opened and is alive. */
int px_list_each(enum px_kind kind, void (*each)(const struct px_object *o, void *context),
                 void *context);

/* Whether there are so many objects of this kind, or more: 1 or 0; -1 and errno. */
int px_list_reaches(enum px_kind kind, uint64_t count);

/* As shm_backend_shm_list. */
ssize_t px_list_ids(enum px_kind kind, int *ids, size_t capacity);

#endif
