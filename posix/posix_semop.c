#include "config.h"

#include "posix/posix_semop.h"

#include <errno.h>
#include <time.h>

#include "libshm/backend.h"
#include "libshm/fail.h"
#include "posix/posix_perm.h"
#include "posix/posix_process.h"
#include "posix/posix_redo.h"
#include "posix/posix_rows.h"
#include "posix/posix_set_lock.h"
#include "posix/posix_store.h"
#include "posix/posix_wait.h"
#include "posix/posix_waiters.h"

/*
 * How long a sleeper sleeps before it looks whether a death has changed anything: less while
 * another process holds an adjustment, since its death alone would let the call go on. A waker
 * that dies between a grant and the wake-up is noticed by the same look.
 */
enum {
    SLICE_WITH_UNDO_NS = 12000000,
    SLICE_NS = 25000000,
    PROBE_INTERVAL_NS = 6000000,
    NOWAIT_PATIENCE_NS = 200000000,
};

struct call {
    struct px_set *s;
    const struct shm_backend_sembuf *ops;
    size_t nops;
    int64_t deadline;           /* px_now() units; INT64_MAX: none */
    const struct px_mask *mask; /* the caller's */
};

/*
 * The call this thread sleeps in. A handler that leaves with siglongjmp leaves it behind: the
 * thread's next call cancels it. A handler that merely makes a call of its own cancels it too;
 * the interrupted call then ends with EINTR, as it does anyway.
 */
static _Thread_local struct {
    struct px_set *s; /* NULL: none; a reference is held */
    uint32_t waiter;
    uint64_t ticket;
} asleep;

void px_wait_forget(void)
{
    asleep.s = NULL;
}

/*
 * Trying and committing
 */

static int names_semaphore(const struct call *call, struct px_row *row)
{
    for (size_t i = 0; i < call->nops; i++) {
        uint32_t num = call->ops[i].sem_num;
        uint32_t epoch = px_word_epoch(PX_GET(px_set_semaphores(call->s)[num].word));
        if (px_cell_adjustment(PX_GET(row->cells[num]), epoch) != 0)
            return 1;
    }
    return 0;
}

/* A filter: rows whose death would change a semaphore that the call names. */
static int death_matters(struct px_set *s, struct px_row *row, const void *context)
{
    (void)s;
    return PX_GET(row->nonzero) != 0 && names_semaphore(context, row);
}

static void reap(struct call *call)
{
    if (PX_GET(px_set_control(call->s)->adjusted_rows) == 0)
        return;
    if (px_rows_reap(call->s, death_matters, call) > 0)
        px_serve(call->s);
}

static void commit(struct px_set *s, uint32_t count)
{
    struct px_change change = {
        .count = count, .row = s->row, .row_state = PX_ROW_USED, .otime = (int64_t)time(NULL)};
    px_redo_commit(s, &change);
    px_serve(s);
}

static int refuse(int error)
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

/*
 * Sleeping
 */

static int64_t slice(struct call *call)
{
    struct px_row *own = px_row(call->s, call->s->row);
    uint32_t adjusted = PX_GET(px_set_control(call->s)->adjusted_rows);
    int others = adjusted > (own && PX_GET(own->nonzero) != 0);
    int64_t slice_ns = others ? SLICE_WITH_UNDO_NS : SLICE_NS;
    if (call->deadline == INT64_MAX)
        return slice_ns;
    int64_t left = call->deadline - px_now();
    if (left < 0)
        return 0;
    return left < slice_ns ? left : slice_ns;
}

/* One sleeper looks for all: the others see that somebody who could tell just did. */
static void look_for_deaths(struct call *call)
{
    struct px_control *c = px_set_control(call->s);
    int64_t now = px_now(), last = PX_GET(c->probed_at);
    if (now >= last && now - last < PROBE_INTERVAL_NS)
        return;
    int error = errno, found = px_rows_need_burial(call->s);
    if (found >= 0)
        PX_PUT(c->probed_at, now);
    struct px_patience brief = {.deadline = now + SLICE_NS};
    if (found > 0 && px_set_lock(call->s, &brief) == 0) {
        px_rows_reap(call->s, px_row_is_adjusted, NULL);
        px_serve(call->s);
        px_set_unlock(call->s);
    }
    errno = error;
}

static uint32_t state_of(struct px_waiter *w)
{
    return atomic_load_explicit(&w->state, memory_order_acquire);
}

static int is_asleep(uint32_t state)
{
    return state == PX_WAITER_WAITING || state == PX_WAITER_GRANTING;
}

/*
 * Sleeps once; 1 if a handler ran. Signals stay blocked meanwhile and are let through
 * afterwards in a way that misses none: a handler that ran between two looks would leave the
 * call asleep.
 */
static int sleep_once(struct call *call, struct px_waiter *w)
{
    uint32_t state = state_of(w);
    if (is_asleep(state))
        px_wait(&w->state, state, slice(call));
    return px_let_signals_through(call->mask);
}

/* Under the lock nobody is granting: who had begun to is dead, or has finished. */
static int cancel_grant(struct call *call, struct px_waiter *w)
{
    struct px_patience patience = {.deadline = INT64_MAX, .mask = call->mask};
    asleep.s = NULL; /* this call does it: one that a handler makes meanwhile must not */
    if (px_set_lock(call->s, &patience) != 0)
        return 0;
    uint32_t state = state_of(w);
    int cancelled = is_asleep(state) &&
                    atomic_compare_exchange_strong(&w->state, &state, PX_WAITER_CANCELLED);
    px_set_unlock(call->s);
    return cancelled;
}

/* 1 if the entry was still waiting and is cancelled now; a grant under way is waited for. */
static int cancel(struct call *call, struct px_waiter *w)
{
    uint32_t waiting = PX_WAITER_WAITING;
    if (atomic_compare_exchange_strong(&w->state, &waiting, PX_WAITER_CANCELLED))
        return 1;
    return waiting == PX_WAITER_GRANTING && cancel_grant(call, w);
}

static int removed(const struct px_set *s)
{
    return shm_failf(EIDRM, "semaphore set %d was removed while this call waited", s->id);
}

/* Takes the result of a call that was ended by somebody else. */
static int take_result(struct px_set *s, uint32_t number)
{
    struct px_waiter *w = px_waiter(s, number);
    if (state_of(w) != PX_WAITER_DONE)
        return removed(s);
    uint32_t error = PX_GET(w->result);
    px_waiter_free(s, number);
    return error == 0 ? 0 : refuse((int)error);
}

enum { STILL_ASLEEP = 1 };

/* Why a sleeper that woke up should not go on sleeping: its result, or STILL_ASLEEP. */
static int after_sleep(struct call *call, uint32_t number, int interrupted)
{
    struct px_set *s = call->s;
    struct px_waiter *w = px_waiter(s, number);
    if (!is_asleep(state_of(w)))
        return take_result(s, number);
    if (px_set_is_dead(s))
        return removed(s);
    int late = call->deadline != INT64_MAX && px_now() >= call->deadline;
    if (!interrupted && !late) {
        look_for_deaths(call);
        return STILL_ASLEEP;
    }
    if (!cancel(call, w))
        return take_result(s, number);
    if (interrupted)
        return refuse(EINTR);
    return shm_fail(EAGAIN, "the semaphore did not allow the operation within the timeout");
}

static int sleep_until_done(struct call *call, uint32_t number, uint64_t ticket)
{
    struct px_set *s = call->s;
    int result = STILL_ASLEEP;
    asleep.s = s;
    asleep.waiter = number;
    asleep.ticket = ticket;
    while (result == STILL_ASLEEP) {
        int interrupted = sleep_once(call, px_waiter(s, number));
        px_pid(); /* a handler may have forked: then this is a child, without the mapping */
        if (asleep.s != s || asleep.ticket != ticket) {
            call->s = NULL; /* a call made by the handler cancelled this one, and released it */
            return shm_fail(EINTR, "a signal handler made a call while this one waited");
        }
        result = after_sleep(call, number, interrupted);
    }
    asleep.s = NULL;
    return result;
}

/*
 * A grant that nobody will ever take: its operations are done backwards, so that neither the
 * values nor the adjustments show it.
 */
static void give_back(struct px_set *s, struct px_waiter *w)
{
    struct shm_backend_sembuf ops[LIBSHM_SEMOPM], back[LIBSHM_SEMOPM];
    size_t nops = px_waiter_ops(s, w, ops), n = 0;
    uint32_t count;
    while (nops-- > 0)
        if (ops[nops].sem_op != 0) {
            back[n] = ops[nops];
            back[n++].sem_op = (short)-ops[nops].sem_op;
        }
    if (n && px_try(s, s->row, (int32_t)px_pid(), back, n, &count).error == 0)
        commit(s, count);
}

/* `mask` is the caller's; signals are blocked. */
static void cancel_abandoned(const struct px_mask *mask)
{
    px_pid();
    struct call call = {.s = asleep.s, .mask = mask};
    struct px_patience patience = {.deadline = INT64_MAX, .mask = mask};
    if (!call.s)
        return;
    struct px_waiter *w = px_waiter(call.s, asleep.waiter);
    asleep.s = NULL;
    if (!px_set_is_dead(call.s) && !cancel(&call, w) && state_of(w) == PX_WAITER_DONE &&
        PX_GET(w->result) == 0 && px_set_lock(call.s, &patience) == 0) {
        give_back(call.s, w);
        px_waiter_free(call.s, asleep.waiter);
        px_set_unlock(call.s);
    }
    px_set_release(call.s);
}

void px_wait_cancel_abandoned(void)
{
    struct px_mask old;
    if (!asleep.s)
        return;
    px_block_signals(&old);
    cancel_abandoned(&old);
    px_restore_signals(&old);
}

/*
 * The call
 */

static int changes_anything(const struct call *call)
{
    for (size_t i = 0; i < call->nops; i++)
        if (call->ops[i].sem_op != 0)
            return 1;
    return 0;
}

static int check_ops(const struct call *call)
{
    for (size_t i = 0; i < call->nops; i++)
        if (call->ops[i].sem_num >= call->s->layout.nsems)
            return shm_failf(EFBIG, "semaphore %u of set %d, which has %u",
                             call->ops[i].sem_num, call->s->id,
                             (unsigned)call->s->layout.nsems);
    unsigned mode = px_set_header(call->s)->mode;
    if (px_perm_class_grants(call->s->class_shift, mode, changes_anything(call) ? 2 : 4))
        return 0;
    return shm_failf(EACCES, "the permissions %03o of semaphore set %d refuse the operation",
                     mode & 0777, call->s->id);
}

/* Joins the queue; entries of the dead are only looked for when there are no others. */
static uint32_t enqueue(struct call *call, const struct px_attempt *a, uint64_t *ticket)
{
    struct px_set *s = call->s;
    uint32_t number = px_waiter_append(s, call->ops, call->nops, ticket);
    if (number == 0 && px_rows_reap(s, NULL, NULL) > 0) {
        px_serve(s);
        number = px_waiter_append(s, call->ops, call->nops, ticket);
    }
    if (number == 0)
        return 0;
    PX_PUT(px_waiter(s, number)->blocked_on, a->blocked_on);
    PX_PUT(px_waiter(s, number)->blocked_for_zero, (uint16_t)a->for_zero);
    return number;
}

/* With the lock held; released before the call sleeps, and in any case at the end. */
static int operate_locked(struct call *call)
{
    struct px_set *s = call->s;
    uint32_t count, number = 0;
    uint64_t ticket = 0;
    reap(call);
    struct px_attempt a = px_try(s, s->row, (int32_t)px_pid(), call->ops, call->nops, &count);
    if (a.error == 0)
        commit(s, count);
    int must_sleep = a.error == EAGAIN && !a.nowait && call->deadline > 0;
    if (must_sleep)
        number = enqueue(call, &a, &ticket);
    px_set_unlock(s);
    if (number)
        return sleep_until_done(call, number, ticket);
    return a.error == 0 ? 0 : refuse(must_sleep ? ENOSPC : a.error);
}

static int may_wait(const struct call *call)
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
static int lock_for(struct call *call)
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
    return refuse(errno);
}

static int operate(struct call *call)
{
    if (check_ops(call) != 0 || lock_for(call) != 0)
        return -1;
    if (px_set_is_dead(call->s)) {
        px_set_unlock(call->s);
        return shm_failf(EINVAL, "no semaphore set has the id %d", call->s->id);
    }
    return operate_locked(call);
}

/* px_now() at the end of the timeout; 0 for one that is over already, INT64_MAX for none. */
static int64_t deadline_of(const struct timespec *timeout)
{
    if (!timeout || (int64_t)timeout->tv_sec >= INT64_MAX / 2000000000)
        return INT64_MAX;
    int64_t ns = (int64_t)timeout->tv_sec * 1000000000 + timeout->tv_nsec;
    return ns ? px_now() + ns : 0;
}

static int check_arguments(int semid, const struct shm_backend_sembuf *ops, size_t nops,
                           const struct timespec *timeout)
{
    if (nops > LIBSHM_SEMOPM)
        return shm_failf(E2BIG, "%zu operations in one call; the most is %d", nops,
                         LIBSHM_SEMOPM);
    if (nops == 0)
        return shm_fail(EINVAL, "a call needs at least one operation");
    if (!ops)
        return shm_fail(EFAULT, "the array of operations is NULL");
    if (timeout &&
        (timeout->tv_sec < 0 || timeout->tv_nsec < 0 || timeout->tv_nsec >= 1000000000))
        return shm_fail(EINVAL, "the timeout is negative or its nanoseconds exceed a second");
    if (semid < 0)
        return shm_failf(EINVAL, "no semaphore set has the id %d", semid);
    return px_store_check();
}

int shm_backend_semtimedop(int semid, const struct shm_backend_sembuf *ops, size_t nops,
                           const struct timespec *timeout)
{
    int first_error = errno;
    if (check_arguments(semid, ops, nops, timeout) != 0)
        return -1;
    struct px_mask old;
    px_block_signals(&old);
    cancel_abandoned(&old);
    struct call call = {.s = px_set_take(semid),
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
