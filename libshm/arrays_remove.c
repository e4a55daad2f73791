/* Removal of the objects. The handle and its mappings stay until it is closed. */
#include "config.h"

#include <errno.h>

#include "libshm/arrays_private.h"
#include "libshm/backend.h"
#include "libshm/fail.h"
#include "libshm/keep.h"

/* From now on nobody attaches, and whoever is attached learns it at the next operation. */
static void set_magic(const struct shm_partition *p, uint64_t magic)
{
    if (!p->read_only)
        atomic_store_explicit(&p->header->magic, magic, memory_order_release);
}

static int remove_semaphore(const struct shm_partition *p)
{
    return shm_backend_semctl(p->semid, 0, LIBSHM_IPC_RMID, (union shm_backend_semun){0});
}

static int remove_memory(const struct shm_partition *p)
{
    return shm_backend_shmctl(p->shmid, LIBSHM_IPC_RMID, NULL);
}

/* The first failure is the one that is told; removal goes on, so that the most is gone. */
static void note(int result, struct shm_kept *first)
{
    if (result < 0 && first->error == 0)
        shm_keep(first);
}

/* Memory of the root last: its table of keys leads to whatever a killed remover leaves. */
static void remove_objects(struct shm_arrays *a, struct shm_kept *first)
{
    for (size_t i = 1; i < a->npartitions; i++) {
        set_magic(&a->partitions[i], LIBSHM_MAGIC_REMOVED);
        note(remove_semaphore(&a->partitions[i]), first);
        note(remove_memory(&a->partitions[i]), first);
    }
    note(remove_memory(&a->partitions[0]), first);
}

static int fail_removal(const struct shm_kept *first)
{
    shm_keep_restore(first);
    if (errno == EINVAL || errno == EIDRM)
        return shm_fail(EIDRM, "the array set, or a part of it, was removed before");
    return -1;
}

int shm_arrays_remove(struct shm_arrays *a)
{
    struct shm_kept before, first = {0};
    const struct shm_partition *root = &a->partitions[0];
    shm_keep(&before);
    set_magic(root, LIBSHM_MAGIC_REMOVED);
    note(remove_semaphore(root), &first);
    if (first.error == EPERM || first.error == EACCES) {
        /* Not the owner: nothing was removed, the set stays as it is. */
        set_magic(root, LIBSHM_MAGIC_READY);
        return fail_removal(&first);
    }
    remove_objects(a, &first);
    if (first.error)
        return fail_removal(&first);
    shm_keep_restore(&before);
    return 0;
}
