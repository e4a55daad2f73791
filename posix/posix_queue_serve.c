#include "config.h"

#include "posix/posix_queue_serve.h"

#include <errno.h>
#include <time.h>

#include "posix/posix_rows.h"
#include "posix/posix_wait.h"
#include "posix/posix_waiters.h"

/* As in posix_serve.c: from here on it cannot cancel. The dead get nothing. */
static int claim(struct px_probe *probe, struct px_waiter *w)
{
    uint32_t waiting = PX_WAITER_WAITING;
    return px_row_is_alive(probe, PX_GET(w->row)) &&
           atomic_compare_exchange_strong(&w->state, &waiting, PX_WAITER_GRANTING);
}

static void leave_queue(struct px_set *s, uint32_t number, int claimed)
{
    px_fifo_unlink(s, number);
    if (!claimed)
        px_waiter_free(s, number);
}

static void finish(struct px_set *s, uint32_t number, int error)
{
    px_waiter_finish(s, number, (uint32_t)error);
    px_fifo_unlink(s, number);
    px_wake(&px_waiter(s, number)->state, 1);
}

static void stamp(struct px_set *s, struct px_waiter *w)
{
    PX_PUT(px_queue_of(s)->lrpid, PX_GET(w->pid));
    PX_PUT(px_queue_of(s)->rtime, (int64_t)time(NULL));
}

/*
 * The message is in the call's entry before the slot says that it is given: who repairs finds both, or
 * neither counts. Somebody who began before calls were waiting may still be quicker: it goes on waiting.
 */
static int give(struct px_set *s, uint32_t number, const struct px_message *m)
{
    struct px_waiter *w = px_waiter(s, number);
    uint32_t granting = PX_WAITER_GRANTING;
    PX_PUT(w->wish.message, m->block);
    if (!px_queue_take(s, m, number)) {
        PX_PUT(w->wish.message, 0);
        atomic_compare_exchange_strong(&w->state, &granting, PX_WAITER_WAITING);
        return 0;
    }
    stamp(s, w);
    px_queue_give_room(s, m->size);
    finish(s, number, 0);
    px_queue_forget(px_queue_slot(s, m->tail, m->ticket),
                    px_slot(m->ticket, number) | PX_SLOT_GIVEN);
    return 1;
}

/* 1: it has got one, or has ended; 0: there is none for it. */
static int serve_receiver(struct px_probe *probe, uint32_t number)
{
    struct px_set *s = probe->set;
    struct px_waiter *w = px_waiter(s, number);
    int flags = (int)PX_GET(w->wish.flags);
    struct px_message m;
    while (px_queue_find(s, PX_GET(w->wish.type), flags, &m)) {
        if (!claim(probe, w)) {
            leave_queue(s, number, 0);
            return 1;
        }
        if (m.size > PX_GET(w->wish.size) && !(flags & LIBSHM_MSG_NOERROR)) {
            finish(s, number, E2BIG);
            return 1;
        }
        if (give(s, number, &m))
            return 1;
    }
    return 0;
}

/* Room for those that have been told, who have not taken it yet. */
struct promise {
    uint64_t messages, bytes;
};

static int has_room(const struct px_set *s, const struct promise *promised, size_t size)
{
    uint64_t most = px_queue_qbytes(s), room = atomic_load(&px_queue_of(s)->room);
    return px_room_bytes(room) + promised->bytes + size <= most &&
           px_room_messages(room) + promised->messages < most;
}

static int serve_sender(struct px_probe *probe, uint32_t number, struct promise *promised)
{
    struct px_set *s = probe->set;
    size_t size = PX_GET(px_waiter(s, number)->wish.size);
    if (!has_room(s, promised, size))
        return 0;
    if (!claim(probe, px_waiter(s, number))) {
        leave_queue(s, number, 0);
        return 1;
    }
    promised->messages++;
    promised->bytes += size;
    finish(s, number, 0);
    return 1;
}

static void set_flag(_Atomic uint64_t *word, uint64_t flag, int wanted)
{
    if (wanted)
        atomic_fetch_or(word, flag);
    else if (atomic_load(word) & flag)
        atomic_fetch_and(word, ~flag);
}

/*
 * Looks at slots that one walk may take, enough for a thousand sleepers and as many messages as there may
 * usually be. A queue that somebody has scribbled could keep us for minutes; a call may walk twice.
 */
enum { LOOKS_MOST = 1 << 24 };

static uint32_t looks_of_one(struct px_set *s)
{
    uint64_t tail = px_queue_tail(s);
    return 1 + (uint32_t)(px_ticket_difference(px_ticket(tail), px_queue_first(s, tail)) + 1);
}

/* How many go on sleeping. */
static uint32_t serve_receivers(struct px_probe *probe)
{
    struct px_set *s = probe->set;
    uint32_t left = 0, looks = 0;
    for (uint32_t number = px_fifo_next(s, 0), next; number; number = next) {
        next = px_fifo_next(s, number);
        if (PX_GET(px_waiter(s, number)->wish.sends))
            continue;
        looks += looks_of_one(s);
        left += looks > LOOKS_MOST || !serve_receiver(probe, number);
    }
    return left;
}

static uint32_t serve_senders(struct px_probe *probe)
{
    struct px_set *s = probe->set;
    struct promise promised = {0};
    uint32_t left = 0;
    for (uint32_t number = px_fifo_next(s, 0), next; number; number = next) {
        next = px_fifo_next(s, number);
        if (PX_GET(px_waiter(s, number)->wish.sends))
            left += !serve_sender(probe, number, &promised);
    }
    return left;
}

void px_queue_serve(struct px_set *s)
{
    struct px_probe probe = {.set = s, .fd = -1};
    uint32_t receivers = serve_receivers(&probe), senders = serve_senders(&probe);
    set_flag(&px_queue_of(s)->tail, PX_TAIL_AWAITED, receivers != 0);
    set_flag(&px_queue_of(s)->room, PX_ROOM_SENDERS, senders != 0);
    px_probe_end(&probe);
}

/* Who is killed in the middle of a call may have taken room. */
static int any_died_busy(struct px_set *s)
{
    struct px_probe probe = {.set = s, .fd = -1};
    int found = 0;
    for (uint32_t r = 1; !found && r <= px_rows_known(s); r++) {
        struct px_row *row = px_row(s, r);
        found = row && PX_GET(row->state) == PX_ROW_USED &&
                PX_GET(px_queue_row_of(row)->busy) && !px_row_is_alive(&probe, r);
    }
    px_probe_end(&probe);
    return found;
}

int px_queue_may_be_late(struct px_set *s, uint32_t number)
{
    const struct px_wish *wish = &px_waiter(s, number)->wish;
    const struct promise none = {0};
    return PX_GET(wish->sends) && (has_room(s, &none, PX_GET(wish->size)) || any_died_busy(s));
}

void px_queue_await(struct px_set *s, uint32_t number)
{
    struct px_queue *q = px_queue_of(s);
    if (PX_GET(px_waiter(s, number)->wish.sends))
        set_flag(&q->room, PX_ROOM_SENDERS, 1);
    else
        set_flag(&q->tail, PX_TAIL_AWAITED, 1);
}

void px_queue_give_back(struct px_set *s, uint32_t number)
{
    struct px_waiter *w = px_waiter(s, number);
    struct px_message m;
    if (!w || PX_GET(w->wish.sends) || !px_queue_look(s, PX_GET(w->wish.message), &m))
        return;
    atomic_fetch_add(&px_queue_of(s)->room, px_room_of(1, m.size));
    if (px_queue_append(s, m.block, 1) != PX_SENT) {
        px_queue_give_room(s, m.size);
        px_queue_free(s, m.block, px_blocks_for(m.size));
    }
    PX_PUT(w->wish.message, 0);
    px_queue_serve(s);
}
