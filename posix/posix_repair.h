/*
 * The lock of a set whose holder is dead.
 */
#ifndef LIBSHM_POSIX_REPAIR_H
#define LIBSHM_POSIX_REPAIR_H

#include "posix/posix_set.h"

/*
 * If the process that has the lock as it was found, `lock`, is dead, takes the lock over and
 * repairs the set: 1. Else 0.
 */
int px_set_take_over(struct px_set *s, uint32_t lock);

#endif
