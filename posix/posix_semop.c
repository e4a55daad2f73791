#include "config.h"

#include "posix/posix_semop.h"

#include <errno.h>
#include <time.h>

#include "libshm/backend.h"
#include "libshm/fail.h"
#include "posix/posix_clock.h"
#include "posix/posix_perm.h"
#include "posix/posix_process.h"
#include "posix/posix_redo.h"
#include "posix/posix_rows.h"
#include "posix/posix_set_lock.h"
#include "posix/posix_sleep.h"
#include "posix/posix_store.h"
#include "posix/posix_single.h"
#include "posix/posix_waiters.h"
#include "posix/posix_word.h"

enum { NOWAIT_PATIENCE_NS = 200000000 };

void px_commit(struct px_set *s, uint32_t count, int changes)
{
    struct px_change change = {
        .count = count, .row = s->row, .row_state = PX_ROW_USED, .otime = (int64_t)time(NULL)};
    px_redo_commit(s, &change);
    if (changes)
        px_serve(s, count);
}

int px_refuse(int error)
{
    switch (error) {
    case ERANGE:
        return shm_failf(ERANGE, "a semaphore or its undo adjustment would leave 0 to %d",
                         LIBSHM_SEMVMX);
    case ENOSPC:
        return px_store_full("call's place in a semaphore set", sizeof(struct px_waiter));
    case EINTR:
        return shm_fail(EINTR, "a signal handler ran while the call waited");
    default:
        return shm_fail(EAGAIN, "the semaphore's value does not allow the operation now");
    }
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

/* As found when the set was opened, unless IPC_SET has given it to somebody else since. */
static int class_of(const struct px_set *s)
{
    const struct px_header *h = px_set_header(s);
    if (h->uid == s->of_uid && h->gid == s->of_gid)
        return s->class_shift;
    struct shm_backend_perm perm = px_header_perm(h);
    return px_perm_class(&perm);
}

int px_may_operate(const struct px_set *s, unsigned wanted)
{
    return px_perm_class_grants(class_of(s), px_set_header(s)->mode, wanted);
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
    return a.error == 0 ? 0 : px_refuse(must_sleep ? ENOSPC : a.error);
}

static int may_wait(const struct px_call *call)
{
    for (size_t i = 0; i < call->nops; i++)
        if (call->ops[i].sem_flg & LIBSHM_IPC_NOWAIT)
            return 0;
    return call->deadline != 0;
}

/*
 * The lock is held for nanoseconds, unless its holder is stopped: a call that must not wait
 * gives it the benefit of the doubt for a while.
 */
static int lock_for(struct px_call *call)
{
    struct px_patience patience = {
        .deadline = may_wait(call) ? call->deadline : px_now() + NOWAIT_PATIENCE_NS,
        .mask = call->mask,
        .interruptible = 1,
    };
    if (px_set_lock(call->s, &patience) == 0)
        return 0;
    if (errno == EAGAIN)
        return shm_fail(EAGAIN, "a process that is stopped or starved holds the set's lock");
    return px_refuse(errno);
}

static int operate(struct px_call *call)
{
    if (check_ops(call) != 0 || lock_for(call) != 0)
        return -1;
    if (px_set_is_dead(call->s)) {
        px_set_unlock(call->s);
        return px_object_missing(PX_SET, call->s->id);
    }
    return operate_locked(call);
}

/* px_now() at the end of the timeout; 0 for one that is over already, INT64_MAX for none. */
static int64_t deadline_of(const struct timespec *timeout)
{
    const int64_t seconds = timeout ? timeout->tv_sec : INT64_MAX;
    if (seconds >= INT64_MAX / 2000000000)
        return INT64_MAX;
    int64_t ns = seconds * 1000000000 + timeout->tv_nsec;
    return ns ? px_now() + ns : 0;
}

int px_timeout_is_valid(const struct timespec *timeout)
{
    return !timeout ||
           (timeout->tv_sec >= 0 && timeout->tv_nsec >= 0 && timeout->tv_nsec < 1000000000);
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

int shm_backend_semtimedop(int semid, const struct shm_backend_sembuf *ops, size_t nops,
                           const struct timespec *timeout)
{
    int first_error = errno;
    if (nops == 1 && ops && px_single(semid, ops, timeout)) {
        errno = first_error;
        return 0;
    }
    if (check_arguments(semid, ops, nops, timeout) != 0)
        return -1;
    struct px_mask old;
    px_block_signals(&old);
    px_sleep_cancel_abandoned(&old);
    struct px_call call = {.s = px_set_take(semid),
                           .ops = ops,
                           .nops = nops,
                           .deadline = deadline_of(timeout),
                           .mask = &old};
    int result = call.s ? operate(&call) : -1;
    if (call.s)
        px_set_release(call.s);
    px_restore_signals(&old);
    if (result == 0)
        errno = first_error;
    return result;
}
