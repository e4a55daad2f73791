/* Memory objects and the handles to them. */
#include "config.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "libshm/fail.h"
#include "libshm/keep.h"
#include "libshm/memory_private.h"

/* Legacy programs compare this text. */
static const char inaccessible[] = "can't access shared memory segment";

static struct shm_handle_table handles;

int shm_memory_check(struct shm_memory *m, struct shm_backend_shmid_ds *ds)
{
    assert(m && shm_handle_alive(&handles, &m->handle));
    if (shm_backend_shmctl(m->handle.id, LIBSHM_IPC_STAT, ds) < 0)
        return shm_fail(errno == EINVAL ? EIDRM : errno, inaccessible);
    /* A removed segment that is still attached somewhere has lost its key. */
    if (ds->perm.key != m->key || ds->segsz != m->size)
        return shm_fail(EIDRM, inaccessible);
    return 0;
}

int shm_memory_is_there(struct shm_memory *m)
{
    struct shm_backend_shmid_ds ds;
    assert(m && shm_handle_alive(&handles, &m->handle));
    return shm_backend_shm_is(m->handle.id, m->key, m->size) ? 0 : shm_memory_check(m, &ds);
}

static struct shm_memory *new_handle(int shmid)
{
    struct shm_memory *fresh = calloc(1, sizeof *fresh);
    if (!fresh) {
        shm_fail(ENOMEM, "no memory for a handle");
        return NULL;
    }
    fresh->handle.id = shmid;
    struct shm_handle *entered = shm_handle_enter(&handles, &fresh->handle);
    if (entered != &fresh->handle)
        free(fresh);
    return (struct shm_memory *)entered;
}

struct shm_memory *shm_memory(int shmid)
{
    struct shm_backend_shmid_ds ds;
    if (shm_backend_shmctl(shmid, LIBSHM_IPC_STAT, &ds) < 0) {
        shm_fail(errno, inaccessible);
        return NULL;
    }
    struct shm_memory *m = (struct shm_memory *)shm_handle_take(&handles, shmid);
    if (!m)
        m = new_handle(shmid);
    if (m) {
        m->key = ds.perm.key;
        m->size = ds.segsz;
    }
    return m;
}

void shm_memory_free(struct shm_memory *m)
{
    assert(m && shm_handle_alive(&handles, &m->handle));
    if (shm_handle_drop(&handles, &m->handle))
        free(m);
}

void shm_memory_uncreate(int shmid)
{
    struct shm_kept first;
    shm_keep(&first);
    shm_remove_memory(shmid);
    shm_keep_restore(&first);
}

struct shm_memory *shm_create_memory(key_t key, size_t size, mode_t perm)
{
    if (perm & ~(mode_t)0777) {
        shm_fail(EINVAL, "permissions of a new segment are at most 0777");
        return NULL;
    }
    int flags = LIBSHM_IPC_CREAT | LIBSHM_IPC_EXCL | (int)perm;
    int shmid = shm_backend_shmget(key, size, flags);
    if (shmid < 0)
        return NULL;
    struct shm_memory *m = shm_memory(shmid);
    if (!m)
        shm_memory_uncreate(shmid);
    return m;
}

int shm_remove_memory(int shmid)
{
    return shm_backend_shmctl(shmid, LIBSHM_IPC_RMID, NULL);
}

int shm_memory_setperm(struct shm_memory *m, mode_t perm)
{
    struct shm_backend_shmid_ds ds;
    if (shm_memory_check(m, &ds) < 0)
        return -1;
    ds.perm.mode = perm & 0777;
    return shm_backend_shmctl(m->handle.id, LIBSHM_IPC_SET, &ds);
}

int shm_memory_setuid(struct shm_memory *m, uid_t uid)
{
    struct shm_backend_shmid_ds ds;
    if (shm_memory_check(m, &ds) < 0)
        return -1;
    ds.perm.uid = uid;
    return shm_backend_shmctl(m->handle.id, LIBSHM_IPC_SET, &ds);
}

int shm_memory_setgid(struct shm_memory *m, gid_t gid)
{
    struct shm_backend_shmid_ds ds;
    if (shm_memory_check(m, &ds) < 0)
        return -1;
    ds.perm.gid = gid;
    return shm_backend_shmctl(m->handle.id, LIBSHM_IPC_SET, &ds);
}
