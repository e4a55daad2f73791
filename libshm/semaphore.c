/* Semaphore objects and the handles to them. Only member 0 of a set is ever used. */
#include "config.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "libshm/fail.h"
#include "libshm/keep.h"
#include "libshm/semaphore_private.h"

/* Legacy programs compare this text. */
static const char inaccessible[] = "can't access semaphore";

static struct shm_handle_table handles;

static int read_status(int semid, struct shm_backend_semid_ds *ds)
{
    return shm_backend_semctl(semid, 0, LIBSHM_IPC_STAT, (union shm_backend_semun){.buf = ds});
}

int shm_semaphore_check(struct shm_semaphore *s, struct shm_backend_semid_ds *ds)
{
    assert(s && shm_handle_alive(&handles, &s->handle));
    if (read_status(s->handle.id, ds) < 0)
        return shm_fail(errno == EINVAL ? EIDRM : errno, inaccessible);
    if (ds->perm.key != s->key || ds->nsems != s->nsems)
        return shm_fail(EIDRM, inaccessible);
    return 0;
}

int shm_semaphore_is_there(struct shm_semaphore *s)
{
    struct shm_backend_semid_ds ds;
    assert(s && shm_handle_alive(&handles, &s->handle));
    return shm_backend_sem_is(s->handle.id, s->key, s->nsems) ? 0 : shm_semaphore_check(s, &ds);
}

static struct shm_semaphore *new_handle(int semid)
{
    struct shm_semaphore *fresh = calloc(1, sizeof *fresh);
    if (!fresh) {
        shm_fail(ENOMEM, "no memory for a handle");
        return NULL;
    }
    fresh->handle.id = semid;
    fresh->blocking = 1;
    struct shm_handle *entered = shm_handle_enter(&handles, &fresh->handle);
    if (entered != &fresh->handle)
        free(fresh);
    return (struct shm_semaphore *)entered;
}

struct shm_semaphore *shm_semaphore(int semid)
{
    struct shm_backend_semid_ds ds;
    if (read_status(semid, &ds) < 0) {
        shm_fail(errno, inaccessible);
        return NULL;
    }
    struct shm_semaphore *s = (struct shm_semaphore *)shm_handle_take(&handles, semid);
    if (!s)
        s = new_handle(semid);
    if (s) {
        s->key = ds.perm.key;
        s->nsems = ds.nsems;
    }
    return s;
}

void shm_semaphore_free(struct shm_semaphore *s)
{
    assert(s && shm_handle_alive(&handles, &s->handle));
    if (shm_handle_drop(&handles, &s->handle))
        free(s);
}

/* Takes a creation back after a later step failed; errno and sentence stay those of the step.
 */
static void uncreate(int semid)
{
    struct shm_kept first;
    shm_keep(&first);
    shm_remove_semaphore(semid);
    shm_keep_restore(&first);
}

/* All that can be refused without an object is refused before there is one. */
static int check_new(int value, mode_t perm)
{
    if (value < 0 || value > LIBSHM_SEMVMX)
        return shm_failf(ERANGE, "a semaphore starts with 0 to %d, not %d", LIBSHM_SEMVMX,
                         value);
    if (perm & ~(mode_t)0777)
        return shm_fail(EINVAL, "permissions of a new semaphore are at most 0777");
    return 0;
}

struct shm_semaphore *shm_create_semaphore(key_t key, int value, mode_t perm)
{
    if (check_new(value, perm) < 0)
        return NULL;
    int semid = shm_backend_semget(key, 1, LIBSHM_IPC_CREAT | LIBSHM_IPC_EXCL | (int)perm);
    if (semid < 0)
        return NULL;
    union shm_backend_semun start = {.val = value};
    struct shm_semaphore *s = NULL;
    if (shm_backend_semctl(semid, 0, LIBSHM_SETVAL, start) == 0)
        s = shm_semaphore(semid);
    if (!s)
        uncreate(semid);
    return s;
}

int shm_remove_semaphore(int semid)
{
    return shm_backend_semctl(semid, 0, LIBSHM_IPC_RMID, (union shm_backend_semun){.val = 0});
}

static int write_status(struct shm_semaphore *s, struct shm_backend_semid_ds *ds)
{
    union shm_backend_semun arg = {.buf = ds};
    return shm_backend_semctl(s->handle.id, 0, LIBSHM_IPC_SET, arg);
}

int shm_semaphore_setperm(struct shm_semaphore *s, mode_t perm)
{
    struct shm_backend_semid_ds ds;
    if (shm_semaphore_check(s, &ds) < 0)
        return -1;
    ds.perm.mode = perm & 0777;
    return write_status(s, &ds);
}

int shm_semaphore_setuid(struct shm_semaphore *s, uid_t uid)
{
    struct shm_backend_semid_ds ds;
    if (shm_semaphore_check(s, &ds) < 0)
        return -1;
    ds.perm.uid = uid;
    return write_status(s, &ds);
}

int shm_semaphore_setgid(struct shm_semaphore *s, gid_t gid)
{
    struct shm_backend_semid_ds ds;
    if (shm_semaphore_check(s, &ds) < 0)
        return -1;
    ds.perm.gid = gid;
    return write_status(s, &ds);
}
