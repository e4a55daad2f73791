#include "config.h"

#include "posix/posix_semop.h"

#include <errno.h>
#include <time.h>

#include "libshm/backend.h"
#include "libshm/fail.h"
#include "posix/posix_call.h"
#include "posix/posix_perm.h"
#include "posix/posix_process.h"
#include "posix/posix_redo.h"
#include "posix/posix_rows.h"
#include "posix/posix_set_lock.h"
#include "posix/posix_sleep.h"
#include "posix/posix_store.h"
#include "posix/posix_waiters.h"
#include "posix/posix_word.h"

void px_commit(struct px_set *s, uint32_t count, int changes)
{
    struct px_change change = {
        .count = count, .row = s->row, .row_state = PX_ROW_USED, .otime = (int64_t)time(NULL)};
    px_redo_commit(s, &change);
    if (changes)
        px_serve(s, count);
}

/* A filter: rows whose death would change a semaphore that the call names. */
static int death_matters(struct px_set *s, uint32_t row, const void *context)
{
    const struct px_call *call = context;
    for (size_t i = 0; i < call->nops; i++)
        if (px_word_is_held_by(s, call->ops[i].sem_num, row))
            return 1;
    return 0;
}

/* Locks what the call names; 1 if other processes hold adjustments of it. */
static int others_hold(const struct px_call *call)
{
    int found = 0;
    for (size_t i = 0; i < call->nops; i++) {
        uint32_t index = call->ops[i].sem_num;
        enum px_holders holders = px_word_holders(px_word_lock(call->s, index));
        found |= holders != PX_NO_HOLDER && (holders != PX_ONE_HOLDER ||
                                             !px_word_is_held_by(call->s, index, call->s->row));
    }
    return found;
}

static void reap(struct px_call *call)
{
    if (others_hold(call))
        px_rows_reap(call->s, death_matters, call);
}

static int changes_anything(const struct px_call *call)
{
    for (size_t i = 0; i < call->nops; i++)
        if (call->ops[i].sem_op != 0)
            return 1;
    return 0;
}

int px_may_operate_still(const struct px_set *s, unsigned wanted)
{
    struct shm_backend_perm perm = px_header_perm(px_set_header(s));
    return px_perm_class_grants(px_perm_class(&perm), perm.mode, wanted);
}

static int check_ops(const struct px_call *call)
{
    for (size_t i = 0; i < call->nops; i++)
        if (call->ops[i].sem_num >= call->s->layout.nsems)
            return shm_failf(EFBIG, "semaphore %u of set %d, which has %u",
                             call->ops[i].sem_num, call->s->id,
                             (unsigned)call->s->layout.nsems);
    if (px_may_operate(call->s, changes_anything(call) ? 2 : 4))
        return 0;
    return shm_failf(EACCES, "the permissions %03o of semaphore set %d refuse the operation",
                     px_set_header(call->s)->mode & 0777, call->s->id);
}

/* Joins the queue; entries of the dead are only looked for when there are no others. */
static uint32_t enqueue(struct px_call *call, const struct px_attempt *a, uint64_t *ticket)
{
    struct px_set *s = call->s;
    uint32_t number = px_waiter_append(s, call->ops, call->nops, ticket);
    int buried = number == 0 ? px_rows_reap(s, NULL, NULL) : 0;
    if (buried > 0)
        number = px_waiter_append(s, call->ops, call->nops, ticket);
    if (number == 0)
        return 0;
    PX_PUT(px_waiter(s, number)->blocked_on, a->blocked_on);
    PX_PUT(px_waiter(s, number)->blocked_for_zero, (uint16_t)a->for_zero);
    for (size_t i = 0; i < call->nops; i++)
        px_word_await(s, call->ops[i].sem_num);
    if (buried > 0) /* what it waits for may have come by that */
        px_serve(s, PX_ANY);
    return number;
}

/* With the lock held; released before the call sleeps, and in any case at the end. */
static int operate_locked(struct px_call *call)
{
    struct px_set *s = call->s;
    uint32_t count, number = 0;
    uint64_t ticket = 0;
    reap(call);
    struct px_attempt a = px_try(s, s->row, (int32_t)px_pid(), call->ops, call->nops, &count);
    if (a.error == 0)
        px_commit(s, count, changes_anything(call));
    int must_sleep = a.error == EAGAIN && !a.nowait && call->deadline > 0;
    if (must_sleep)
        number = enqueue(call, &a, &ticket);
    px_set_unlock(s);
    if (number)
        return px_sleep(call, number, ticket);
    return a.error == 0 ? 0 : px_call_refuse(s, must_sleep ? ENOSPC : a.error);
}

static int any_is_nowait(const struct shm_backend_sembuf *ops, size_t nops)
{
    for (size_t i = 0; i < nops; i++)
        if (ops[i].sem_flg & LIBSHM_IPC_NOWAIT)
            return 1;
    return 0;
}

static int operate(struct px_call *call)
{
    if (check_ops(call) != 0 || px_call_lock(call) != 0)
        return -1;
    if (px_set_is_dead(call->s)) {
        px_set_unlock(call->s);
        return px_object_missing(PX_SET, call->s->id);
    }
    return operate_locked(call);
}

static int check_arguments(int semid, const struct shm_backend_sembuf *ops, size_t nops,
                           const struct timespec *timeout)
{
    if (nops > LIBSHM_SEMOPM)
        return shm_failf(E2BIG, "%zu operations in one call; the most is %d", nops,
                         LIBSHM_SEMOPM);
    if (nops == 0)
        return shm_fail(EINVAL, "a call needs at least one operation");
    if (!ops) {
        shm_fail(EFAULT, "the array of operations is NULL");
        return -1; /* spelt out for those who analyse this file alone */
    }
    if (!px_timeout_is_valid(timeout))
        return shm_fail(EINVAL, "the timeout is negative or its nanoseconds exceed a second");
    if (semid < 0)
        return px_object_missing(PX_SET, semid);
    return px_store_check();
}

int px_semop(int semid, const struct shm_backend_sembuf *ops, size_t nops,
             const struct timespec *timeout)
{
    int first_error = errno;
    if (check_arguments(semid, ops, nops, timeout) != 0)
        return -1;
    struct px_mask old;
    px_block_signals(&old);
    px_sleep_cancel_abandoned(&old);
    struct px_call call = {.s = px_set_take(PX_SET, semid),
                           .ops = ops,
                           .nops = nops,
                           .deadline = px_deadline_of(timeout),
                           .mask = &old};
    call.may_wait = call.deadline != 0 && !any_is_nowait(ops, nops);
    int result = call.s ? operate(&call) : -1;
    if (call.s)
        px_set_release(call.s);
    px_restore_signals(&old);
    if (result == 0)
        errno = first_error;
    return result;
}
