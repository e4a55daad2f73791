/* P, V and Z, and what decides how they wait. */
#include "config.h"

#include <errno.h>

#include "libshm/fail.h"
#include "libshm/semaphore_private.h"
#include "libshm/timeout.h"

/* V never waits, and Z takes nothing that could be given back. */
static int flags_of(struct shm_semaphore *s, int change)
{
    int nowait = change <= 0 && !s->blocking ? LIBSHM_IPC_NOWAIT : 0;
    int undo = change != 0 && s->undo ? LIBSHM_SEM_UNDO : 0;
    return nowait | undo;
}

static int operate(struct shm_semaphore *s, int change, long timeout_ms)
{
    struct timespec ts;
    if (shm_semaphore_is_there(s) < 0)
        return -1;
    int flags = flags_of(s, change);
    struct shm_backend_sembuf op = {.sem_op = (short)change, .sem_flg = (short)flags};
    if (shm_backend_semtimedop(s->handle.id, &op, 1, shm_timeout(timeout_ms, &ts)) == 0)
        return 0;
    if (errno != EAGAIN)
        return -1;
    if (flags & LIBSHM_IPC_NOWAIT)
        return shm_fail(EAGAIN,
                        "the operation would have to wait, and shm_semaphore_setblocking "
                        "excluded that for this handle");
    return shm_failf(EAGAIN, "the operation was not possible within %ld ms", timeout_ms);
}

int shm_semaphore_p(struct shm_semaphore *s)
{
    return operate(s, -1, -1);
}

int shm_semaphore_v(struct shm_semaphore *s)
{
    return operate(s, 1, -1);
}

int shm_semaphore_z(struct shm_semaphore *s)
{
    return operate(s, 0, -1);
}

int shm_semaphore_p_timed(struct shm_semaphore *s, long timeout_ms)
{
    return operate(s, -1, timeout_ms);
}

int shm_semaphore_z_timed(struct shm_semaphore *s, long timeout_ms)
{
    return operate(s, 0, timeout_ms);
}

int shm_semaphore_setblocking(struct shm_semaphore *s, int blocking)
{
    if (shm_semaphore_is_there(s) < 0)
        return -1;
    s->blocking = blocking != 0;
    return 0;
}

int shm_semaphore_setundo(struct shm_semaphore *s, int undo)
{
    if (shm_semaphore_is_there(s) < 0)
        return -1;
    s->undo = undo != 0;
    return 0;
}

int shm_semaphore_setval(struct shm_semaphore *s, int value)
{
    if (shm_semaphore_is_there(s) < 0)
        return -1;
    union shm_backend_semun arg = {.val = value};
    return shm_backend_semctl(s->handle.id, 0, LIBSHM_SETVAL, arg);
}
