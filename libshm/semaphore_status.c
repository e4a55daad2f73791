/* What a semaphore object is like at this moment: all of it, and the legacy members singly. */
#include "config.h"

#include "libshm/semaphore_private.h"

/* One of the commands that answer with a number; the check has been made. */
static int ask(struct shm_semaphore *s, int command)
{
    union shm_backend_semun none = {.val = 0};
    return shm_backend_semctl(s->handle.id, 0, command, none);
}

static void fill_from(struct shm_semaphore_status *out, const struct shm_backend_semid_ds *ds)
{
    out->perm = ds->perm.mode & 0777;
    out->key = (uint32_t)ds->perm.key;
    out->uid = ds->perm.uid;
    out->gid = ds->perm.gid;
    out->cuid = ds->perm.cuid;
    out->cgid = ds->perm.cgid;
    out->otime = ds->otime;
    out->ctime = ds->ctime;
}

int shm_semaphore_stat(struct shm_semaphore *s, struct shm_semaphore_status *out)
{
    struct shm_backend_semid_ds ds;
    if (shm_semaphore_check(s, &ds) < 0)
        return -1;
    fill_from(out, &ds);
    out->semid = s->handle.id;
    out->blocking = s->blocking;
    if ((out->val = ask(s, LIBSHM_GETVAL)) < 0)
        return -1;
    if ((out->ncnt = ask(s, LIBSHM_GETNCNT)) < 0)
        return -1;
    if ((out->zcnt = ask(s, LIBSHM_GETZCNT)) < 0)
        return -1;
    return (out->lpid = ask(s, LIBSHM_GETPID)) < 0 ? -1 : 0;
}

static int member(struct shm_semaphore *s, int command, int *out)
{
    if (shm_semaphore_is_there(s) < 0)
        return -1;
    int value = ask(s, command);
    if (value < 0)
        return -1;
    *out = value;
    return 0;
}

int shm_semaphore_val(struct shm_semaphore *s, int *out)
{
    return member(s, LIBSHM_GETVAL, out);
}

int shm_semaphore_ncnt(struct shm_semaphore *s, int *out)
{
    return member(s, LIBSHM_GETNCNT, out);
}

int shm_semaphore_zcnt(struct shm_semaphore *s, int *out)
{
    return member(s, LIBSHM_GETZCNT, out);
}

int shm_semaphore_lpid(struct shm_semaphore *s, pid_t *out)
{
    int pid;
    if (member(s, LIBSHM_GETPID, &pid) < 0)
        return -1;
    *out = pid;
    return 0;
}

int shm_semaphore_blocking(struct shm_semaphore *s, int *out)
{
    if (shm_semaphore_is_there(s) < 0)
        return -1;
    *out = s->blocking;
    return 0;
}

int shm_semaphore_semid(struct shm_semaphore *s, int *out)
{
    if (shm_semaphore_is_there(s) < 0)
        return -1;
    *out = s->handle.id;
    return 0;
}

int shm_semaphore_perm(struct shm_semaphore *s, mode_t *out)
{
    struct shm_backend_semid_ds ds;
    if (shm_semaphore_check(s, &ds) < 0)
        return -1;
    *out = ds.perm.mode & 0777;
    return 0;
}

int shm_semaphore_key(struct shm_semaphore *s, uint32_t *out)
{
    struct shm_backend_semid_ds ds;
    if (shm_semaphore_check(s, &ds) < 0)
        return -1;
    *out = (uint32_t)ds.perm.key;
    return 0;
}

int shm_semaphore_uid(struct shm_semaphore *s, uid_t *out)
{
    struct shm_backend_semid_ds ds;
    if (shm_semaphore_check(s, &ds) < 0)
        return -1;
    *out = ds.perm.uid;
    return 0;
}

int shm_semaphore_gid(struct shm_semaphore *s, gid_t *out)
{
    struct shm_backend_semid_ds ds;
    if (shm_semaphore_check(s, &ds) < 0)
        return -1;
    *out = ds.perm.gid;
    return 0;
}

int shm_semaphore_cuid(struct shm_semaphore *s, uid_t *out)
{
    struct shm_backend_semid_ds ds;
    if (shm_semaphore_check(s, &ds) < 0)
        return -1;
    *out = ds.perm.cuid;
    return 0;
}

int shm_semaphore_cgid(struct shm_semaphore *s, gid_t *out)
{
    struct shm_backend_semid_ds ds;
    if (shm_semaphore_check(s, &ds) < 0)
        return -1;
    *out = ds.perm.cgid;
    return 0;
}
