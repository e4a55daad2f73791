/* What a memory object is like at this moment: a snapshot, and the legacy members one by one.
 */
#include "config.h"

#include "libshm/memory_private.h"

int shm_memory_stat(struct shm_memory *m, struct shm_memory_status *out)
{
    struct shm_backend_shmid_ds ds;
    if (shm_memory_check(m, &ds) < 0)
        return -1;
    out->addr = shm_mapping_address(m->mapping);
    out->attached = out->addr != NULL;
    out->nattch = (size_t)ds.nattch;
    out->perm = ds.perm.mode & 0777;
    out->key = (uint32_t)ds.perm.key;
    out->size = ds.segsz;
    out->shmid = m->handle.id;
    out->uid = ds.perm.uid;
    out->gid = ds.perm.gid;
    out->cuid = ds.perm.cuid;
    out->cgid = ds.perm.cgid;
    out->cpid = ds.cpid;
    out->lpid = ds.lpid;
    out->atime = ds.atime;
    out->dtime = ds.dtime;
    out->ctime = ds.ctime;
    return 0;
}

int shm_memory_addr(struct shm_memory *m, void **out)
{
    struct shm_memory_status status;
    if (shm_memory_stat(m, &status) < 0)
        return -1;
    *out = status.addr;
    return 0;
}

int shm_memory_attached(struct shm_memory *m, int *out)
{
    struct shm_memory_status status;
    if (shm_memory_stat(m, &status) < 0)
        return -1;
    *out = status.attached;
    return 0;
}

int shm_memory_nattch(struct shm_memory *m, size_t *out)
{
    struct shm_memory_status status;
    if (shm_memory_stat(m, &status) < 0)
        return -1;
    *out = status.nattch;
    return 0;
}

int shm_memory_perm(struct shm_memory *m, mode_t *out)
{
    struct shm_memory_status status;
    if (shm_memory_stat(m, &status) < 0)
        return -1;
    *out = status.perm;
    return 0;
}

int shm_memory_key(struct shm_memory *m, uint32_t *out)
{
    struct shm_memory_status status;
    if (shm_memory_stat(m, &status) < 0)
        return -1;
    *out = status.key;
    return 0;
}

int shm_memory_size(struct shm_memory *m, size_t *out)
{
    struct shm_memory_status status;
    if (shm_memory_stat(m, &status) < 0)
        return -1;
    *out = status.size;
    return 0;
}

int shm_memory_shmid(struct shm_memory *m, int *out)
{
    struct shm_memory_status status;
    if (shm_memory_stat(m, &status) < 0)
        return -1;
    *out = status.shmid;
    return 0;
}

int shm_memory_uid(struct shm_memory *m, uid_t *out)
{
    struct shm_memory_status status;
    if (shm_memory_stat(m, &status) < 0)
        return -1;
    *out = status.uid;
    return 0;
}

int shm_memory_gid(struct shm_memory *m, gid_t *out)
{
    struct shm_memory_status status;
    if (shm_memory_stat(m, &status) < 0)
        return -1;
    *out = status.gid;
    return 0;
}

int shm_memory_cuid(struct shm_memory *m, uid_t *out)
{
    struct shm_memory_status status;
    if (shm_memory_stat(m, &status) < 0)
        return -1;
    *out = status.cuid;
    return 0;
}

int shm_memory_cgid(struct shm_memory *m, gid_t *out)
{
    struct shm_memory_status status;
    if (shm_memory_stat(m, &status) < 0)
        return -1;
    *out = status.cgid;
    return 0;
}

int shm_memory_cpid(struct shm_memory *m, pid_t *out)
{
    struct shm_memory_status status;
    if (shm_memory_stat(m, &status) < 0)
        return -1;
    *out = status.cpid;
    return 0;
}

int shm_memory_lpid(struct shm_memory *m, pid_t *out)
{
    struct shm_memory_status status;
    if (shm_memory_stat(m, &status) < 0)
        return -1;
    *out = status.lpid;
    return 0;
}
