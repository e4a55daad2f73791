#include "config.h"

#include "posix/posix_waiters.h"

#include <errno.h>

#include "posix/posix_process.h"

#include "posix/posix_wait.h"

static uint32_t state_of(struct px_waiter *w)
{
    return atomic_load_explicit(&w->state, memory_order_acquire);
}

static int change_state(struct px_waiter *w, uint32_t from, uint32_t to)
{
    return atomic_compare_exchange_strong(&w->state, &from, to);
}

/* The next free entry behind `number`, with more space reserved when there is none. */
static uint32_t find_free(struct px_set *s, uint32_t number)
{
    uint32_t last = px_waiters_known(s);
    while (++number <= last)
        if (state_of(px_waiter(s, number)) == PX_WAITER_FREE)
            return number;
    uint32_t want = last + s->layout.waiters_initial;
    if (want > s->layout.waiters) {
        errno = ENOSPC;
        return 0;
    }
    if (px_waiters_reserve(s, want) != 0)
        return 0;
    PX_PUT(px_set_control(s)->waiters_extra, want - s->layout.waiters_initial);
    return last + 1;
}

/* As many operations as fit into one entry; returns how many. */
static size_t store_ops(struct px_waiter *w, const struct shm_backend_sembuf *ops, size_t nops)
{
    size_t n = nops < PX_WAITER_OPS ? nops : PX_WAITER_OPS;
    for (size_t i = 0; i < n; i++) {
        PX_PUT(w->ops[i].num, ops[i].sem_num);
        PX_PUT(w->ops[i].op, ops[i].sem_op);
        PX_PUT(w->ops[i].flags, ops[i].sem_flg);
    }
    return n;
}

/* An entry of this process that nobody finds in the queue yet. */
static struct px_waiter *occupy(struct px_set *s, uint32_t number)
{
    struct px_waiter *w = px_waiter(s, number);
    PX_PUT(w->row, s->row);
    PX_PUT(w->pid, (int32_t)px_pid());
    PX_PUT(w->more, 0);
    PX_PUT(w->next, 0);
    PX_PUT(w->previous, 0);
    PX_PUT(w->result, 0);
    atomic_store_explicit(&w->state, PX_WAITER_MORE, memory_order_release); /* model: Q1 */
    return w;
}

static uint32_t fill_entries(struct px_set *s, const struct shm_backend_sembuf *ops,
                             size_t nops)
{
    uint32_t first = 0, number = 0;
    struct px_waiter *w = NULL;
    for (size_t done = 0; done < nops;) {
        number = find_free(s, number);
        if (number == 0) {
            px_waiter_free(s, first);
            return 0;
        }
        if (w)
            PX_PUT(w->more, number);
        else
            first = number;
        w = occupy(s, number);
        done += store_ops(w, ops + done, nops - done);
    }
    return first;
}

static void link_last(struct px_set *s, uint32_t number)
{
    struct px_control *c = px_set_control(s);
    struct px_waiter *w = px_waiter(s, number), *tail = px_waiter(s, PX_GET(c->fifo_tail));
    PX_PUT(w->next, 0);
    PX_PUT(w->previous, tail ? PX_GET(c->fifo_tail) : 0);
    if (tail)
        PX_PUT(tail->next, number);
    else
        PX_PUT(c->fifo_head, number);
    PX_PUT(c->fifo_tail, number);
}

uint32_t px_waiter_append(struct px_set *s, const struct shm_backend_sembuf *ops, size_t nops,
                          uint64_t *ticket)
{
    struct px_control *c = px_set_control(s);
    uint32_t tail = PX_GET(c->fifo_tail);
    if (tail && !px_waiter(s, tail)) { /* it could not be linked to: the others would be lost */
        errno = ENOSPC;
        return 0;
    }
    uint32_t number = fill_entries(s, ops, nops);
    if (number == 0)
        return 0;
    struct px_waiter *w = px_waiter(s, number);
    *ticket = PX_GET(c->last_ticket) + 1;
    PX_PUT(c->last_ticket, *ticket);
    PX_PUT(w->ticket, *ticket);
    PX_PUT(w->nops, (uint32_t)nops);
    atomic_store_explicit(&w->state, PX_WAITER_WAITING, memory_order_release); /* model: Q2 */
    link_last(s, number);                                                      /* model: Q3 */
    return number;
}

size_t px_waiter_ops(struct px_set *s, struct px_waiter *w, struct shm_backend_sembuf *ops)
{
    size_t nops = PX_GET(w->nops), done = 0;
    if (nops > LIBSHM_SEMOPM)
        return 0;
    for (; w && done < nops; w = px_waiter(s, PX_GET(w->more)))
        for (int i = 0; i < PX_WAITER_OPS && done < nops; i++, done++) {
            ops[done].sem_num = PX_GET(w->ops[i].num);
            ops[done].sem_op = PX_GET(w->ops[i].op);
            ops[done].sem_flg = PX_GET(w->ops[i].flags);
            if (ops[done].sem_num >= s->layout.nsems)
                return 0;
        }
    return done == nops ? nops : 0;
}

void px_waiter_finish(struct px_set *s, uint32_t number, uint32_t result)
{
    struct px_waiter *w = px_waiter(s, number);
    if (!w || (state_of(w) != PX_WAITER_GRANTING && state_of(w) != PX_WAITER_WAITING))
        return;
    PX_PUT(w->result, result);
    if (!change_state(w, PX_WAITER_GRANTING, PX_WAITER_DONE))
        change_state(w, PX_WAITER_WAITING, PX_WAITER_DONE);
}

/* Of one call: as many as the operations it may have need. */
enum { ENTRIES_MOST = (LIBSHM_SEMOPM + PX_WAITER_OPS - 1) / PX_WAITER_OPS };

void px_waiter_free(struct px_set *s, uint32_t number)
{
    struct px_waiter *w;
    for (uint32_t steps = 0; (w = px_waiter(s, number)) && steps < ENTRIES_MOST; steps++) {
        number = PX_GET(w->more);
        atomic_store_explicit(&w->state, PX_WAITER_FREE, memory_order_release);
    }
}

void px_fifo_unlink(struct px_set *s, uint32_t number)
{
    struct px_control *c = px_set_control(s);
    struct px_waiter *w = px_waiter(s, number);
    uint32_t before = PX_GET(w->previous), after = PX_GET(w->next); /* model: Q4 */
    struct px_waiter *previous = px_waiter(s, before), *next = px_waiter(s, after);
    if (previous)
        PX_PUT(previous->next, after);
    else
        PX_PUT(c->fifo_head, after);
    if (next)
        PX_PUT(next->previous, before);
    else
        PX_PUT(c->fifo_tail, before);
}

/*
 * Behind the last entry that came earlier; entries are mostly met in order. Tickets that somebody
 * has chosen for the longest way use up `steps`, and the order is lost.
 */
static void insert_by_ticket(struct px_set *s, uint32_t number, uint32_t *steps)
{
    struct px_control *c = px_set_control(s);
    struct px_waiter *w = px_waiter(s, number), *at;
    uint64_t ticket = PX_GET(w->ticket);
    uint32_t before = PX_GET(c->fifo_tail), after = 0;
    while ((at = px_waiter(s, before)) && PX_GET(at->ticket) > ticket && *steps > 0) {
        --*steps;
        after = before;
        before = PX_GET(at->previous);
    }
    PX_PUT(w->previous, before);
    PX_PUT(w->next, after);
    if (at)
        PX_PUT(at->next, number);
    else
        PX_PUT(c->fifo_head, number);
    if (after)
        PX_PUT(px_waiter(s, after)->previous, number);
    else
        PX_PUT(c->fifo_tail, number);
}

enum { REBUILD_STEPS = 1 << 24 };

void px_fifo_rebuild(struct px_set *s)
{
    struct px_control *c = px_set_control(s);
    uint32_t steps = REBUILD_STEPS;
    PX_PUT(c->fifo_head, 0);
    PX_PUT(c->fifo_tail, 0);
    for (uint32_t number = 1, last = px_waiters_known(s); number <= last; number++) {
        struct px_waiter *w = px_waiter(s, number);
        if (state_of(w) == PX_WAITER_GRANTING) /* the grant had not been committed */
            change_state(w, PX_WAITER_GRANTING, PX_WAITER_WAITING);
        if (state_of(w) == PX_WAITER_WAITING)
            insert_by_ticket(s, number, &steps);
        else if (state_of(w) == PX_WAITER_CANCELLED)
            px_waiter_free(s, number);
    }
}

uint32_t px_fifo_next(struct px_set *s, uint32_t number)
{
    struct px_waiter *w = px_waiter(s, number);
    uint32_t before = w ? number : 0;
    number = w ? PX_GET(w->next) : PX_GET(px_set_control(s)->fifo_head);
    for (uint32_t steps = 0; (w = px_waiter(s, number)) && steps < s->layout.waiters; steps++) {
        uint32_t state = state_of(w), after = PX_GET(w->next); /* model: G1 */
        if (PX_GET(w->previous) != before) { /* scribbled upon: it could lead in circles */
            px_fifo_rebuild(s);
            return 0;
        }
        if (state == PX_WAITER_WAITING)
            return number;
        px_fifo_unlink(s, number);
        if (state == PX_WAITER_CANCELLED)
            px_waiter_free(s, number);
        number = after;
    }
    return 0;
}

void px_waiters_drop(struct px_set *s, uint32_t row)
{
    for (uint32_t number = 1, last = px_waiters_known(s); number <= last; number++) {
        struct px_waiter *w = px_waiter(s, number);
        uint32_t state = state_of(w);
        if (state == PX_WAITER_FREE || PX_GET(w->row) != row)
            continue;
        if (state == PX_WAITER_WAITING || state == PX_WAITER_CANCELLED)
            px_fifo_unlink(s, number);
        atomic_store_explicit(&w->state, PX_WAITER_FREE, memory_order_release);
    }
}

int px_waiters_count(struct px_set *s, uint32_t semaphore, int for_zero)
{
    int count = 0;
    uint32_t steps = 0;
    for (uint32_t n = px_fifo_next(s, 0); n && steps < s->layout.waiters;
         n = px_fifo_next(s, n), steps++) {
        struct px_waiter *w = px_waiter(s, n);
        count +=
            PX_GET(w->blocked_on) == semaphore && !PX_GET(w->blocked_for_zero) == !for_zero;
    }
    return count;
}

static int names(const struct shm_backend_sembuf *ops, size_t nops, uint32_t semaphore)
{
    for (size_t i = 0; i < nops; i++)
        if (ops[i].sem_num == semaphore)
            return 1;
    return 0;
}

int px_waiters_name(struct px_set *s, uint32_t semaphore, uint32_t *looks)
{
    struct shm_backend_sembuf ops[LIBSHM_SEMOPM];
    uint32_t tail = PX_GET(px_set_control(s)->fifo_tail);
    if (tail && !px_waiter(s, tail))
        return 1;
    for (uint32_t n = px_fifo_next(s, 0); n; n = px_fifo_next(s, n)) {
        size_t nops = px_waiter_ops(s, px_waiter(s, n), ops);
        if (names(ops, nops, semaphore) || *looks <= nops)
            return 1;
        *looks -= (uint32_t)nops + 1;
    }
    return 0;
}

void px_waiters_wake_all(struct px_set *s)
{
    for (uint32_t number = 1, last = px_waiters_known(s); number <= last; number++) {
        struct px_waiter *w = px_waiter(s, number);
        if (change_state(w, PX_WAITER_WAITING, PX_WAITER_CANCELLED))
            px_wake(&w->state, 1);
    }
}
