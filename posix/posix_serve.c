#include "config.h"

#include "posix/posix_semop.h"

#include <errno.h>
#include <time.h>

#include "posix/posix_queue_serve.h"
#include "posix/posix_redo.h"
#include "posix/posix_rows.h"
#include "posix/posix_wait.h"
#include "posix/posix_waiters.h"

/*
 * The kernel's order: whenever a change has made a semaphore zero, calls that only wait for zero,
 * those with one operation first; then calls that change something, in order of arrival, and from
 * the start again after each that could go on. Calls that only wait for zero are not looked at
 * otherwise, which shows in the semaphore they are counted at.
 */
enum turn { WAITS_FOR_ZERO, WAITS_FOR_ZEROS, CHANGES };

static enum turn turn_of(const struct shm_backend_sembuf *ops, size_t nops)
{
    for (size_t i = 0; i < nops; i++)
        if (ops[i].sem_op != 0)
            return CHANGES;
    return nops == 1 ? WAITS_FOR_ZERO : WAITS_FOR_ZEROS;
}

/*
 * What one walk may cost, about in comparisons: enough for a thousand sleepers that are granted in
 * the worst order. A queue that somebody has scribbled could keep us for hours.
 */
enum { WORK_MOST = 1 << 24, WORK_OF_A_TRY = 16 };

struct service {
    struct px_probe probe;
    uint64_t work;
};

static uint64_t work_of(const struct px_set *s, size_t nops)
{
    return WORK_OF_A_TRY + nops * (nops < s->layout.nsems ? nops : s->layout.nsems);
}

static void grant(struct px_set *s, uint32_t number, uint32_t count)
{
    struct px_waiter *w = px_waiter(s, number);
    struct px_change change = {.count = count,
                               .row = PX_GET(w->row),
                               .row_state = PX_ROW_USED,
                               .waiter = number,
                               .otime = (int64_t)time(NULL)};
    px_redo_commit(s, &change);
}

/*
 * From WAITING to GRANTING, after which the sleeper cannot cancel any more. Dead sleepers get
 * nothing: without undo, what they were given would be lost.
 */
static int claim_waiter(struct px_probe *probe, struct px_waiter *w)
{
    uint32_t waiting = PX_WAITER_WAITING; /* model: G2 */
    return px_row_is_alive(probe, PX_GET(w->row)) &&
           atomic_compare_exchange_strong(&w->state, &waiting, PX_WAITER_GRANTING);
}

/* Why a sleeper goes on sleeping: it is not its turn, or it cannot go on. */
static int goes_on_sleeping(struct px_waiter *w, const struct px_attempt *result)
{
    if (result->error ==
        ENOSPC) /* only this process cannot reach the sleeper's row: others can */
        return 1;
    if (result->error != EAGAIN || result->nowait)
        return 0;
    PX_PUT(w->blocked_on, result->blocked_on);
    PX_PUT(w->blocked_for_zero, (uint16_t)result->for_zero);
    return 1;
}

/* Tries one sleeper; the entries of the redo record if it was granted, else 0. */
static uint32_t serve_one(struct service *v, uint32_t number, enum turn turn)
{
    struct px_set *s = v->probe.set;
    struct px_waiter *w = px_waiter(s, number);
    struct shm_backend_sembuf ops[LIBSHM_SEMOPM];
    size_t nops = px_waiter_ops(s, w, ops);
    uint32_t count = 0;
    struct px_attempt result = {.error = EINVAL};
    v->work += 1 + nops;
    if (nops && turn_of(ops, nops) != turn)
        return 0;
    v->work += work_of(s, nops);
    if (nops)
        result = px_try(s, PX_GET(w->row), PX_GET(w->pid), ops, nops, &count);
    if (goes_on_sleeping(w, &result))
        return 0;
    if (!claim_waiter(&v->probe, w)) {
        px_fifo_unlink(s, number);
        px_waiter_free(s, number);
        return 0;
    }
    if (result.error == 0)
        grant(s, number, count);
    else
        px_waiter_finish(s, number, (uint32_t)result.error);
    px_fifo_unlink(s, number);
    px_wake(&w->state, 1); /* model: G3 */
    return result.error == 0 ? count : 0;
}

/* Those that wait for zero change nothing for each other. */
static void serve_waits(struct service *v, enum turn turn)
{
    struct px_set *s = v->probe.set;
    uint32_t number = px_fifo_next(s, 0);
    while (number && v->work < WORK_MOST) {
        uint32_t next = px_fifo_next(s, number);
        (void)serve_one(v, number, turn);
        number = next;
    }
}

static int is_zero(struct px_set *s, uint32_t index)
{
    return index < s->layout.nsems &&
           px_word_value(PX_GET(px_set_semaphores(s)[index].word)) == 0;
}

static int any_is_zero(struct px_set *s, uint32_t changed)
{
    uint32_t count = changed < s->layout.nsems ? changed : s->layout.nsems;
    for (uint32_t i = 0; i < count; i++)
        if (is_zero(s, changed == PX_ANY ? i : PX_GET(px_set_redo_entries(s)[i].index)))
            return 1;
    return 0;
}

static void serve_zero(struct service *v, uint32_t changed)
{
    if (!any_is_zero(v->probe.set, changed))
        return;
    serve_waits(v, WAITS_FOR_ZERO);
    serve_waits(v, WAITS_FOR_ZEROS);
}

static void serve_set(struct px_set *s, uint32_t changed)
{
    struct service v = {.probe = {.set = s, .fd = -1}};
    uint32_t next = px_fifo_next(s, 0);
    if (!next)
        return;
    serve_zero(&v, changed);
    next = px_fifo_next(s, 0);
    while (next && v.work < WORK_MOST) {
        uint32_t number = next;
        next = px_fifo_next(s, number);
        changed = serve_one(&v, number, CHANGES);
        if (changed) {
            serve_zero(&v, changed);
            next = px_fifo_next(s, 0);
        }
    }
    px_probe_end(&v.probe);
}

void px_serve(struct px_set *s, uint32_t changed)
{
    if (s->kind == PX_QUEUE)
        px_queue_serve(s);
    else
        serve_set(s, changed);
}
