#include "config.h"

#include "posix/posix_queue_sweep.h"

#include <sched.h>
#include <string.h>

#include "posix/posix_clock.h"
#include "posix/posix_relax.h"
#include "posix/posix_rows.h"
#include "posix/posix_wait.h"
#include "posix/posix_waiters.h"

/*
 * Nobody sends or receives
 */

/*
 * Who is in between needs a microsecond, unless it is stopped: that all of them together are waited for so
 * long is enough, and does not grow with the rows that somebody has scribbled busy.
 */
enum { LOOKS = 1000, SHORT_NS = 5000000, LONG_NS = 20000000 };

static void set_closed(struct px_set *s, int closed)
{
    _Atomic uint64_t *tail = &px_queue_of(s)->tail;
    if (closed)
        atomic_fetch_or(tail, PX_TAIL_CLOSED);
    else
        atomic_fetch_and(tail, ~PX_TAIL_CLOSED);
}

static int is_busy(struct px_row *row)
{
    return atomic_load(&px_queue_row_of(row)->busy) != 0;
}

/* The dead are not busy any more. */
static int becomes_idle(struct px_probe *probe, uint32_t number, int *looks, int64_t deadline)
{
    struct px_row *row = px_row(probe->set, number);
    for (; row && is_busy(row) && *looks > 0; --*looks)
        px_relax();
    while (row && is_busy(row) && px_row_is_alive(probe, number)) {
        if (px_now() > deadline)
            return 0;
        sched_yield();
    }
    return 1;
}

/* 1 once nobody does; then it stays so until set_closed(s, 0). */
static int close_queue(struct px_set *s, int64_t patience_ns)
{
    struct px_probe probe = {.set = s, .fd = -1};
    int64_t deadline = px_now() + patience_ns;
    int idle = 1, looks = LOOKS;
    set_closed(s, 1);
    for (uint32_t r = 1; idle && r <= px_rows_known(s); r++)
        idle = becomes_idle(&probe, r, &looks, deadline);
    px_probe_end(&probe);
    if (!idle)
        set_closed(s, 0);
    return idle;
}

/*
 * What nobody has
 */

struct marks {
    struct px_set *s;
    uint64_t used[PX_QUEUE_BLOCKS / 64 + 1];
    uint64_t messages, bytes;
};

static void mark(struct marks *marks, uint32_t first, uint32_t count)
{
    struct px_block *b;
    while (count-- > 0 && (b = px_queue_block(marks->s, first)) != NULL) {
        marks->used[first / 64] |= UINT64_C(1) << first % 64;
        first = PX_GET(b->next);
    }
}

static void mark_message(struct marks *marks, uint32_t number)
{
    struct px_message m;
    if (px_queue_look(marks->s, number, &m))
        mark(marks, number, px_blocks_for(m.size));
}

/* Calls `each` for the messages in the queue, in their order. */
static void each_message(struct px_set *s,
                         void (*each)(void *context, uint32_t block, uint32_t size),
                         void *context)
{
    uint64_t tail = px_queue_tail(s), end = px_ticket_after(px_ticket(tail), 1);
    for (uint64_t t = px_queue_first(s, tail); t != end; t = px_ticket_after(t, 1)) {
        _Atomic uint64_t *slot = px_queue_slot(s, tail, t);
        uint64_t now = slot ? atomic_load(slot) : 0;
        struct px_message m;
        if (px_ticket(now) == t && px_slot_is_full(now) && px_queue_look(s, px_number(now), &m))
            each(context, m.block, m.size);
    }
}

static void mark_sent(void *context, uint32_t block, uint32_t size)
{
    struct marks *marks = context;
    mark(marks, block, px_blocks_for(size));
    marks->messages++;
    marks->bytes += size;
}

static void mark_given(struct marks *marks)
{
    struct px_set *s = marks->s;
    for (uint32_t n = 1, last = px_waiters_known(s); n <= last; n++) {
        struct px_waiter *w = px_waiter(s, n);
        if (w && PX_GET(w->state) == PX_WAITER_DONE && !PX_GET(w->wish.sends))
            mark_message(marks, PX_GET(w->wish.message));
    }
}

static void mark_kept(struct marks *marks)
{
    struct px_set *s = marks->s;
    struct px_probe probe = {.set = s, .fd = -1};
    for (uint32_t r = 1; r <= px_rows_known(s); r++) {
        struct px_row *row = px_row(s, r);
        if (!row || PX_GET(row->state) != PX_ROW_USED || !px_row_is_alive(&probe, r))
            continue;
        struct px_queue_row *own = px_queue_row_of(row);
        for (uint32_t i = 0; i < PX_GET(own->count) && i < PX_ROW_BLOCKS; i++)
            mark(marks, PX_GET(own->blocks[i]), 1);
    }
    px_probe_end(&probe);
}

/* All that is not marked becomes the chain of free blocks. */
static void free_the_rest(const struct marks *marks)
{
    struct px_set *s = marks->s;
    struct px_queue *q = px_queue_of(s);
    uint32_t fresh = PX_GET(q->fresh), next = 0;
    PX_PUT(q->free, 0);
    for (uint32_t n = fresh < PX_QUEUE_BLOCKS ? fresh : PX_QUEUE_BLOCKS; n > 0; n--) {
        struct px_block *b = px_queue_block(s, n);
        if (!b || (marks->used[n / 64] >> n % 64 & 1))
            continue;
        PX_PUT(b->next, next);
        next = n;
    }
    PX_PUT(q->free, next);
}

static void recount(const struct marks *marks)
{
    _Atomic uint64_t *room = &px_queue_of(marks->s)->room;
    uint64_t exact = px_room_of(marks->messages, marks->bytes), before = atomic_load(room);
    while (!atomic_compare_exchange_weak(room, &before, (before & PX_ROOM_SENDERS) | exact))
        continue;
}

void px_queue_note_death(struct px_set *s)
{
    if (s->kind == PX_QUEUE)
        PX_PUT(px_queue_of(s)->unswept, 1);
}

void px_queue_begin_row(const struct px_set *s, struct px_row *row)
{
    if (s->kind != PX_QUEUE)
        return;
    PX_PUT(px_queue_row_of(row)->count, 0);
    PX_PUT(px_queue_row_of(row)->busy, 0);
}

int px_queue_sweep(struct px_set *s)
{
    struct marks marks = {.s = s};
    if (s->kind != PX_QUEUE || !PX_GET(px_queue_of(s)->unswept) || !close_queue(s, SHORT_NS))
        return 0;
    each_message(s, mark_sent, &marks);
    mark_given(&marks);
    mark_kept(&marks);
    free_the_rest(&marks);
    recount(&marks);
    PX_PUT(px_queue_of(s)->unswept, 0);
    set_closed(s, 0);
    return 1;
}

/*
 * The other ring
 */

struct move {
    struct px_set *s;
    uint64_t tail; /* of the other ring */
};

static void move_message(void *context, uint32_t block, uint32_t size)
{
    struct move *move = context;
    (void)size;
    move->tail = px_tail_after(move->tail, block);
    _Atomic uint64_t *slot = px_queue_slot(move->s, move->tail, px_ticket(move->tail));
    if (slot)
        PX_PUT(*slot, px_slot(px_ticket(move->tail), block));
}

/* 0 if there is no space for it. */
static int empty_ring(struct px_set *s, uint64_t tail)
{
    _Atomic uint64_t *last = px_queue_slot(s, tail, PX_QUEUE_SLOTS - 1);
    for (uint64_t i = 0; last && i < PX_QUEUE_SLOTS; i++)
        PX_PUT(*px_queue_slot(s, tail, i), px_slot(px_ticket(tail), 0));
    return last != NULL;
}

/* The store of the tail is the move. */
static int move_all(struct px_set *s, int64_t patience_ns)
{
    struct px_queue *q = px_queue_of(s);
    struct move move = {.s = s};
    if (!close_queue(s, patience_ns))
        return 0;
    uint64_t tail = px_queue_tail(s), first = px_ticket_after(px_ticket(tail), 1);
    move.tail = (tail ^ PX_TAIL_RING) & ~(uint64_t)px_number(tail);
    int moved = empty_ring(s, move.tail);
    if (moved) {
        each_message(s, move_message, &move);
        atomic_store(&q->tail, move.tail);
        atomic_store(&q->head, first);
    }
    set_closed(s, 0);
    return moved;
}

int px_queue_move(struct px_set *s)
{
    return move_all(s, LONG_NS);
}

void px_queue_tidy(struct px_set *s)
{
    if (px_queue_is_sparse(s))
        (void)move_all(s, 0);
}

/*
 * A dead holder of the lock
 */

static void finish_given(struct px_set *s, uint32_t number)
{
    struct px_waiter *w = px_waiter(s, number);
    if (!w || PX_GET(w->state) != PX_WAITER_GRANTING)
        return;
    px_waiter_finish(s, number, 0);
    px_wake(&w->state, 1);
}

/*
 * The slot tells that a message was given to a call, however far the giver came. Entries are used again:
 * whoever has given forgets that there.
 */
void px_queue_settle(struct px_set *s)
{
    if (s->kind != PX_QUEUE)
        return;
    set_closed(s, 0);
    uint64_t tail = px_queue_tail(s);
    uint64_t last = px_ticket(tail), used = last < PX_QUEUE_SLOTS ? last + 1 : PX_QUEUE_SLOTS;
    for (uint64_t i = 0; i < used; i++) {
        _Atomic uint64_t *slot = px_queue_slot(s, tail, i);
        uint64_t now = slot ? atomic_load(slot) : 0;
        if (!(now & PX_SLOT_GIVEN))
            continue;
        finish_given(s, px_number(now));
        px_queue_forget(slot, now);
    }
}
