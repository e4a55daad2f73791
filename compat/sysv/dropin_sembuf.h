/*
 * The operations of a semop are passed on where they lie: both structs are the same bytes.
 */
#ifndef LIBSHM_COMPAT_SYSV_DROPIN_SEMBUF_H
#define LIBSHM_COMPAT_SYSV_DROPIN_SEMBUF_H

#include <stddef.h>
#include <sys/sem.h>

#include "libshm/backend.h"

_Static_assert(SEM_UNDO == LIBSHM_SEM_UNDO, "flags are passed on unchanged");
_Static_assert(
    sizeof(struct sembuf) == sizeof(struct shm_backend_sembuf) &&
        offsetof(struct sembuf, sem_num) == offsetof(struct shm_backend_sembuf, sem_num) &&
        offsetof(struct sembuf, sem_op) == offsetof(struct shm_backend_sembuf, sem_op) &&
        offsetof(struct sembuf, sem_flg) == offsetof(struct shm_backend_sembuf, sem_flg),
    "operations are passed on without a copy");

static inline const struct shm_backend_sembuf *dropin_ops(const struct sembuf *ops)
{
    return (const struct shm_backend_sembuf *)(const void *)ops;
}

#endif
