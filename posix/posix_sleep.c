#include "config.h"

#include "posix/posix_sleep.h"

#include <errno.h>

#include "libshm/fail.h"
#include "posix/posix_clock.h"
#include "posix/posix_queue_serve.h"
#include "posix/posix_redo.h"
#include "posix/posix_relax.h"
#include "posix/posix_rows.h"
#include "posix/posix_semop.h"
#include "posix/posix_set_lock.h"
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

_Atomic int px_sleep_count;

static void remember(struct px_set *s, uint32_t number, uint64_t ticket)
{
    asleep.s = s;
    asleep.waiter = number;
    asleep.ticket = ticket;
    atomic_fetch_add(&px_sleep_count, 1);
}

static void forget(void)
{
    if (asleep.s)
        atomic_fetch_sub(&px_sleep_count, 1);
    asleep.s = NULL;
}

void px_sleep_notice_fork(void)
{
    asleep.s = NULL;
    atomic_store(&px_sleep_count, 0);
}

static int64_t slice(struct px_call *call)
{
    struct px_row *own = px_row(call->s, call->s->row);
    uint32_t adjusted = PX_GET(px_set_control(call->s)->adjusted_rows);
    int others = adjusted > (own && PX_GET(own->adjusts) != 0);
    int64_t slice_ns = others ? SLICE_WITH_UNDO_NS : SLICE_NS;
    if (call->deadline == INT64_MAX)
        return slice_ns;
    int64_t left = call->deadline - px_now();
    if (left < 0)
        return 0;
    return left < slice_ns ? left : slice_ns;
}

/* One sleeper looks for all: the others see that somebody who could tell just did. */
static void look_for_deaths(struct px_call *call, uint32_t number)
{
    struct px_control *c = px_set_control(call->s);
    int64_t now = px_now(), last = PX_GET(c->probed_at);
    if (last <= now && last > now - PROBE_INTERVAL_NS)
        return;
    int error = errno, found = px_rows_need_burial(call->s);
    if (found >= 0)
        PX_PUT(c->probed_at, now);
    struct px_patience brief = {.deadline = now + SLICE_NS};
    int late = call->s->kind == PX_QUEUE && px_queue_may_be_late(call->s, number);
    if ((found > 0 || late) && px_set_lock(call->s, &brief) == 0) { /* model: S2 */
        px_rows_reap(call->s, late ? NULL : px_row_is_adjusted, NULL);
        if (late) /* a sender that was called up may have died */
            px_queue_serve(call->s);
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
static int sleep_once(struct px_call *call, struct px_waiter *w)
{
    uint32_t state = state_of(w);
    if (is_asleep(state))
        px_wait(&w->state, state, slice(call));
    return px_let_signals_through(call->mask) || px_asked_to_stop(call->mask);
}

/* Under the lock nobody is granting: who had begun to is dead, or has finished. */
static int cancel_grant(struct px_call *call, struct px_waiter *w)
{
    struct px_patience patience = {.deadline = INT64_MAX, .mask = call->mask};
    forget(); /* this call does it: one that a handler makes meanwhile must not */
    if (px_set_lock(call->s, &patience) != 0)
        return 0;
    uint32_t state = state_of(w); /* model: S3 */
    int cancelled = is_asleep(state) &&
                    atomic_compare_exchange_strong(&w->state, &state, PX_WAITER_CANCELLED);
    px_set_unlock(call->s);
    return cancelled;
}

/* 1 if the entry was still waiting and is cancelled now; a grant under way is waited for. */
static int cancel(struct px_call *call, struct px_waiter *w)
{
    uint32_t waiting = PX_WAITER_WAITING;
    /* model: S4 */
    if (atomic_compare_exchange_strong(&w->state, &waiting, PX_WAITER_CANCELLED))
        return 1;
    return waiting == PX_WAITER_GRANTING && cancel_grant(call, w);
}

/* Takes the result of a call that was ended by somebody else. */
static int take_result(struct px_set *s, uint32_t number)
{
    struct px_waiter *w = px_waiter(s, number);
    if (state_of(w) != PX_WAITER_DONE)
        return px_call_removed(s);
    uint32_t error = PX_GET(w->result);
    if (s->kind == PX_SET || error != 0) /* model: S5 */
        px_waiter_free(s, number);
    return error == 0 ? 0 : px_call_refuse(s, (int)error);
}

enum { STILL_ASLEEP = 1 };

/* Why a sleeper that woke up should not go on sleeping: its result, or STILL_ASLEEP. */
static int after_sleep(struct px_call *call, uint32_t number, int interrupted)
{
    struct px_set *s = call->s;
    struct px_waiter *w = px_waiter(s, number);
    if (!is_asleep(state_of(w))) /* model: S1 */
        return take_result(s, number);
    if (px_set_is_dead(s))
        return px_call_removed(s);
    int late = call->deadline != INT64_MAX && px_now() >= call->deadline;
    if (!interrupted && !late) {
        look_for_deaths(call, number);
        return STILL_ASLEEP;
    }
    if (!cancel(call, w))
        return take_result(s, number);
    if (interrupted)
        return px_call_refuse(s, EINTR);
    return shm_failf(EAGAIN, "the timeout is over, and the %s has not allowed the call",
                     px_noun(s->kind));
}

int px_sleep(struct px_call *call, uint32_t number, uint64_t ticket)
{
    struct px_set *s = call->s;
    int result = STILL_ASLEEP;
    int64_t begun = px_now();
    remember(s, number, ticket);
    while (result == STILL_ASLEEP) {
        int interrupted = sleep_once(call, px_waiter(s, number));
        px_pid(); /* a handler may have forked: then this is a child, without the mapping */
        if (asleep.s != s || asleep.ticket != ticket) {
            call->s = NULL; /* a call made by the handler cancelled this one, and released it */
            return shm_fail(EINTR, "a signal handler made a call while this one waited");
        }
        result = after_sleep(call, number, interrupted);
    }
    forget();
    if (s->kind == PX_SET)
        px_looks_learn(px_now() - begun);
    return result;
}

/*
 * A grant that nobody will ever take: its operations are done backwards, so that neither the
 * values nor the adjustments show it.
 */
static void give_back_operations(struct px_set *s, struct px_waiter *w)
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
        px_commit(s, count, 1);
}

static void give_back(struct px_set *s, uint32_t number)
{
    if (s->kind == PX_QUEUE)
        px_queue_give_back(s, number);
    else
        give_back_operations(s, px_waiter(s, number));
}

void px_sleep_cancel_abandoned(const struct px_mask *mask)
{
    px_pid();
    struct px_call call = {.s = asleep.s, .mask = mask};
    struct px_patience patience = {.deadline = INT64_MAX, .mask = mask};
    if (!call.s)
        return;
    struct px_waiter *w = px_waiter(call.s, asleep.waiter);
    forget();
    if (!px_set_is_dead(call.s) && !cancel(&call, w) && state_of(w) == PX_WAITER_DONE &&
        px_set_lock(call.s, &patience) == 0) {
        if (PX_GET(w->result) == 0)
            give_back(call.s, asleep.waiter);
        px_waiter_free(call.s, asleep.waiter);
        px_set_unlock(call.s);
    }
    px_set_release(call.s);
}

int px_sleep_is_of_thread(void)
{
    return asleep.s != NULL;
}

void px_sleep_cancel_unblocked(void)
{
    struct px_mask old;
    if (!asleep.s)
        return;
    px_block_signals(&old);
    px_sleep_cancel_abandoned(&old);
    px_restore_signals(&old);
}
