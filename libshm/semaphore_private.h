/* A semaphore handle from the inside, for the files semaphore*.c. */
#ifndef LIBSHM_SEMAPHORE_PRIVATE_H
#define LIBSHM_SEMAPHORE_PRIVATE_H

#include <stdatomic.h>
#include "libshm/backend.h"
#include "libshm/handles.h"
#include "libshm/shm.h"

/* Key and number of members are those of the last shm_semaphore() for this id. */
struct shm_semaphore {
    struct shm_handle handle;
    _Atomic key_t key;
    _Atomic size_t nsems;
    atomic_int blocking;
    atomic_int undo;
};

/* As shm_memory_check. */
int shm_semaphore_check(struct shm_semaphore *s, struct shm_backend_semid_ds *ds);

/* The same for those who want nothing else of the status. */
int shm_semaphore_is_there(struct shm_semaphore *s);

#endif
