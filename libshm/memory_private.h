/* A memory handle from the inside, for the files memory*.c and unique.c. */
#ifndef LIBSHM_MEMORY_PRIVATE_H
#define LIBSHM_MEMORY_PRIVATE_H

#include <stdatomic.h>
#include "libshm/backend.h"
#include "libshm/handles.h"
#include "libshm/shm.h"

/*
 * Key and size are those of the last shm_memory() for this id. `mapping` is one word so that
 * threads need no lock: the address, and in the bits that alignment leaves free how it was
 * attached. 0: detached.
 */
struct shm_memory {
    struct shm_handle handle;
    _Atomic key_t key;
    _Atomic size_t size;
    _Atomic uintptr_t mapping;
};

/* The address of a mapping word, and the bits of `how` in it. */
void *shm_mapping_address(uintptr_t mapping);
int shm_mapping_how(uintptr_t mapping);

/*
 * Reads the status and verifies that it is still the object the handle was made for. Every
 * access begins with it, so that a removed object is noticed although its bytes still are
 * there.
 */
int shm_memory_check(struct shm_memory *m, struct shm_backend_shmid_ds *ds);

/* The same for those who want nothing else of the status. */
int shm_memory_is_there(struct shm_memory *m);

/* Takes a creation back after a later step failed; errno and sentence stay those of the step.
 */
void shm_memory_uncreate(int shmid);

#endif
