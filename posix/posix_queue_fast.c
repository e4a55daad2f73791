#include "config.h"

#include "posix/posix_queue_fast.h"

#include <signal.h>
#include <string.h>
#include <time.h>

#include "posix/posix_borrow.h"
#include "posix/posix_process.h"
#include "posix/posix_queue_sweep.h"
#include "posix/posix_semop.h"
#include "posix/posix_sleep.h"

/*
 * What the thread is in, and how deep its stack was. A handler that leaves with siglongjmp leaves it behind.
 */
static _Thread_local struct {
    struct px_queue_row *row; /* NULL: nothing */
    const char *depth;
} inside;

static void leave(struct px_queue_row *own)
{
    inside.row = NULL;
    atomic_store_explicit(&own->busy, 0, memory_order_release);
}

/*
 * From a place that is not deeper the thread has not been called by what it was in: that is over. A stack of
 * its own for handlers would be anywhere.
 */
static int was_left_behind(const struct px_queue_row *own, const char *depth)
{
    stack_t alternate;
    return inside.row == own && depth >= inside.depth && sigaltstack(NULL, &alternate) == 0 &&
           !(alternate.ss_flags & SS_ONSTACK);
}

/*
 * One thread of a process at a time, and none in its signal handler, uses the blocks of its row. While it
 * does, nobody sweeps (posix_queue_sweep.c).
 */
static int become_busy(struct px_set *s, struct px_queue_row *own, const char *depth)
{
    uint32_t free = 0;
    if (atomic_compare_exchange_strong(&own->busy, &free, 1)) /* model: M6 */
        return 1;
    if (!was_left_behind(own, depth))
        return 0;
    /* What that had begun to send, or had taken, is nobody's: of its blocks some may be in the queue. */
    PX_PUT(own->count, 0);
    px_queue_note_death(s);
    return 1;
}

static struct px_queue_row *enter(struct px_set *s, unsigned wanted, const char *depth)
{
    struct px_row *row = atomic_load_explicit(&s->own, memory_order_acquire);
    if (!row || px_set_is_dead(s) || !px_may_operate(s, wanted))
        return NULL;
    struct px_queue_row *own = px_queue_row_of(row);
    if (inside.row && inside.row != own && depth <= inside.depth)
        return NULL; /* in a handler, while the thread is in another queue */
    if (!become_busy(s, own, depth))
        return NULL;
    inside.row = own;
    inside.depth = depth;
    /* Who closes the queue does it the other way round: one of us sees the other. */
    if (!(atomic_load(&px_queue_of(s)->tail) & PX_TAIL_CLOSED)) /* model: M9 */
        return own;
    leave(own);
    return NULL;
}

static uint32_t count_of(const struct px_queue_row *own)
{
    uint32_t count = PX_GET(own->count);
    return count < PX_ROW_BLOCKS ? count : PX_ROW_BLOCKS;
}

/* The last `needed` blocks, as a chain: the first of it, or 0. */
static uint32_t chain(struct px_set *s, const struct px_queue_row *own, uint32_t needed)
{
    uint32_t count = count_of(own), next = 0;
    if (needed > count)
        return 0;
    for (uint32_t i = count - needed; i < count; i++) {
        uint32_t number = PX_GET(own->blocks[i]);
        struct px_block *b = px_queue_block(s, number);
        if (!b)
            return 0;
        PX_PUT(b->next, next);
        next = number;
    }
    return next;
}

/* Keeps the blocks of a message for the next ones. */
static void keep(struct px_set *s, struct px_queue_row *own, uint32_t first, uint32_t count)
{
    uint32_t have = count_of(own);
    struct px_block *b;
    while (count-- > 0 && have < PX_ROW_BLOCKS && (b = px_queue_block(s, first)) != NULL) {
        PX_PUT(own->blocks[have++], first);
        first = PX_GET(b->next);
    }
    PX_PUT(own->count, have);
}

/* Written only if it changes: others look at the same lines. */
static void stamp(_Atomic int32_t *pid_at, _Atomic int64_t *time_at, pid_t pid)
{
    int64_t now = (int64_t)time(NULL);
    if (PX_GET(*pid_at) != pid)
        PX_PUT(*pid_at, (int32_t)pid);
    if (PX_GET(*time_at) != now)
        PX_PUT(*time_at, now);
}

/* What takes room away from sleeping senders for a moment is made good when they next look. */
static int post(struct px_set *s, struct px_queue_row *own, const void *message, size_t size)
{
    uint32_t needed = px_blocks_for(size), first = chain(s, own, needed);
    long type;
    memcpy(&type, message, sizeof type);
    if (!first ||
        px_queue_write(s, first, type, (const char *)message + sizeof type, size) != 0 ||
        !px_queue_take_room(s, size))
        return 0;
    if (px_queue_append(s, first, 0) != PX_SENT) {
        px_queue_give_room(s, size);
        return 0;
    }
    PX_PUT(own->count, count_of(own) - needed);
    return 1;
}

static int may_begin(int msqid)
{
    return msqid >= 0 && !px_sleep_is_abandoned();
}

int px_queue_send_fast(int msqid, const void *message, size_t size, const char *depth)
{
    pid_t pid = px_pid();
    struct px_set *s = may_begin(msqid) ? px_borrow(PX_QUEUE, msqid) : NULL;
    if (!s)
        return 0;
    struct px_queue_row *own = enter(s, 2, depth);
    int done = own && post(s, own, message, size);
    if (done)
        stamp(&px_queue_of(s)->lspid, &px_queue_of(s)->stime, pid);
    if (own)
        leave(own);
    px_give_back(PX_QUEUE, msqid);
    /* A handler may have forked in between: then this is a child, which has done nothing yet. */
    return done && px_pid() == pid;
}

struct order {
    void *message;
    size_t room;
    long type;
    int flags;
};

/* The message if it can be had without the lock: it fits, and there is place for its blocks. */
static int find(struct px_set *s, const struct px_queue_row *own, const struct order *order,
                struct px_message *m)
{
    if (!px_queue_find(s, order->type, order->flags, m))
        return 0;
    if (m->tail & (PX_TAIL_AWAITED | PX_TAIL_CLOSED))
        return 0;
    return (m->size <= order->room || (order->flags & LIBSHM_MSG_NOERROR)) &&
           count_of(own) + px_blocks_for(m->size) <= PX_ROW_BLOCKS;
}

static int collect(struct px_set *s, struct px_queue_row *own, const struct order *order,
                   size_t *received)
{
    struct px_message m;
    if (px_queue_is_sparse(s))
        return 0;
    do
        if (!find(s, own, order, &m))
            return 0;
    while (!px_queue_take(s, &m, 0));
    long type = (long)m.type;
    *received = m.size < order->room ? m.size : order->room;
    memcpy(order->message, &type, sizeof type);
    px_queue_copy(s, m.block, (char *)order->message + sizeof type, *received);
    keep(s, own, m.block, px_blocks_for(m.size));
    return px_queue_give_room(s, m.size) ? PX_CALL_SENDERS : 1;
}

int px_queue_receive_fast(int msqid, void *message, size_t room, long type, int flags,
                          size_t *received, const char *depth)
{
    pid_t pid = px_pid();
    struct order order = {message, room, type, flags};
    struct px_set *s = message && !(flags & LIBSHM_MSG_COPY) && may_begin(msqid)
                           ? px_borrow(PX_QUEUE, msqid)
                           : NULL;
    if (!s)
        return 0;
    struct px_queue_row *own = enter(s, 4, depth);
    int done = own ? collect(s, own, &order, received) : 0;
    if (done)
        stamp(&px_queue_of(s)->lrpid, &px_queue_of(s)->rtime, pid);
    if (own)
        leave(own);
    px_give_back(PX_QUEUE, msqid);
    return px_pid() == pid ? done : 0;
}

/* Between a third and two thirds of what there is place for. */
enum { FEW = PX_ROW_BLOCKS / 3, MANY = PX_ROW_BLOCKS * 2 / 3 };

static void take_some(struct px_set *s, struct px_queue_row *own, uint32_t have)
{
    while (have < MANY) {
        uint32_t number = px_queue_alloc(s, 1);
        if (number == 0)
            break;
        PX_PUT(own->blocks[have++], number);
    }
    PX_PUT(own->count, have);
}

static void give_some(struct px_set *s, struct px_queue_row *own, uint32_t have)
{
    for (uint32_t i = FEW; i < have && i < PX_ROW_BLOCKS; i++)
        px_queue_free(s, PX_GET(own->blocks[i]), 1);
    PX_PUT(own->count, FEW);
}

void px_queue_provide(struct px_set *s)
{
    struct px_queue_row *own = enter(s, 0, __builtin_frame_address(0));
    if (!own)
        return;
    uint32_t have = count_of(own);
    if (have < FEW)
        take_some(s, own, have);
    else if (have > MANY)
        give_some(s, own, have);
    leave(own);
}
