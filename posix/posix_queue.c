#include "config.h"

#include "posix/posix_queue.h"

#include <errno.h>
#include <string.h>

enum { SLOTS_AT_ONCE = 512 }; /* a page of them */

/* Makes sure that there is space for numbers up to `number`, counted from 1; `have` of them have it. */
static int has_space(struct px_set *s, size_t offset, size_t each, _Atomic uint32_t *have,
                     uint32_t number, uint32_t unit)
{
    uint32_t want = (number + unit - 1) / unit * unit;
    int error = errno;
    int result = px_set_reserve(s, offset + PX_GET(*have) * each, offset + want * each);
    errno = error;
    if (result == 0)
        PX_PUT(*have, want);
    return result == 0;
}

struct px_block *px_queue_block(struct px_set *s, uint32_t number)
{
    size_t offset = s->layout.blocks_offset;
    if (number == 0 || number > PX_QUEUE_BLOCKS ||
        (number > PX_GET(s->blocks_reserved) &&
         !has_space(s, offset, sizeof(struct px_block), &s->blocks_reserved, number,
                    PX_BLOCKS_AT_ONCE)))
        return NULL;
    return (struct px_block *)(void *)(s->base + offset +
                                       (number - 1) * sizeof(struct px_block));
}

_Atomic uint64_t *px_queue_slot(struct px_set *s, uint64_t tail, uint64_t ticket)
{
    int ring = (tail & PX_TAIL_RING) != 0;
    uint32_t index = (uint32_t)(ticket % PX_QUEUE_SLOTS);
    size_t offset = s->layout.slots_offset + (ring ? PX_QUEUE_SLOTS * sizeof(uint64_t) : 0);
    if (index >= PX_GET(s->slots_reserved[ring]) &&
        !has_space(s, offset, sizeof(uint64_t), &s->slots_reserved[ring], index + 1,
                   SLOTS_AT_ONCE))
        return NULL;
    return (_Atomic uint64_t *)(void *)(s->base + offset + index * sizeof(uint64_t));
}

/* What the tail shows of the last message reaches its slot; a later one there says it has. */
static void help(struct px_set *s, uint64_t tail)
{
    uint64_t ticket = px_ticket(tail);
    _Atomic uint64_t *slot = px_number(tail) ? px_queue_slot(s, tail, ticket) : NULL;
    uint64_t before =
        slot ? atomic_load_explicit(slot, memory_order_acquire) : 0; /* model: M1 */
    if (slot && px_ticket_difference(ticket, px_ticket(before)) > 0)
        atomic_compare_exchange_strong(slot, &before,
                                       px_slot(ticket, px_number(tail))); /* model: M2 */
}

uint64_t px_queue_tail(struct px_set *s)
{
    uint64_t tail = atomic_load(&px_queue_of(s)->tail); /* model: M3 */
    help(s, tail);
    return tail;
}

uint64_t px_queue_first(struct px_set *s, uint64_t tail)
{
    uint64_t last = px_ticket(tail);
    uint64_t first = atomic_load_explicit(&px_queue_of(s)->head, memory_order_acquire);
    first &=
        PX_TICKET_MASK; /* what others may have written there: nothing else would ever be reached */
    int64_t many = px_ticket_difference(last, first);
    return many >= -1 && many < PX_QUEUE_SLOTS ? first
                                               : px_ticket_after(last, 1 - PX_QUEUE_SLOTS);
}

enum { SPARSE_LEAST = 1024, SPARSE_FACTOR = 4 };

int px_queue_is_sparse(const struct px_set *s)
{
    struct px_queue *q = px_queue_of(s);
    int64_t slots = px_ticket_difference(px_ticket(PX_GET(q->tail)), PX_GET(q->head));
    return slots > SPARSE_LEAST &&
           slots > (int64_t)px_room_messages(PX_GET(q->room)) * SPARSE_FACTOR;
}

/*
 * Room
 */

uint64_t px_queue_qbytes(const struct px_set *s)
{
    return (uint64_t)PX_GET(px_queue_of(s)->qbytes_more) + LIBSHM_MSGMNB;
}

int px_queue_take_room(struct px_set *s, size_t size)
{
    _Atomic uint64_t *room = &px_queue_of(s)->room;
    uint64_t most = px_queue_qbytes(s), before = atomic_load(room);
    do {
        if (px_room_bytes(before) + size > most || px_room_messages(before) >= most)
            return 0;
    } while (!atomic_compare_exchange_weak(room, &before,
                                           before + px_room_of(1, size))); /* model: M7 */
    return 1;
}

int px_queue_give_room(struct px_set *s, size_t size)
{
    uint64_t before =
        atomic_fetch_sub(&px_queue_of(s)->room, px_room_of(1, size)); /* model: M8 */
    return (before & PX_ROOM_SENDERS) != 0;
}

/*
 * Blocks
 */

uint32_t px_blocks_for(size_t size)
{
    return size ? (uint32_t)((size + PX_BLOCK_BYTES - 1) / PX_BLOCK_BYTES) : 1;
}

/* More blocks, as a chain before those that are free: 1, or 0. */
static int add_blocks(struct px_set *s)
{
    struct px_queue *q = px_queue_of(s);
    uint32_t fresh = PX_GET(q->fresh), first = fresh + 1, last = fresh + PX_BLOCKS_AT_ONCE;
    if (fresh > PX_QUEUE_BLOCKS - PX_BLOCKS_AT_ONCE || !px_queue_block(s, last))
        return 0;
    for (uint32_t i = first; i <= last; i++)
        PX_PUT(px_queue_block(s, i)->next, i < last ? i + 1 : PX_GET(q->free));
    PX_PUT(q->fresh, last);
    atomic_store_explicit(&q->free, first, memory_order_release);
    return 1;
}

/* Those that a death in between leaves to nobody are found by the next sweep. */
uint32_t px_queue_alloc(struct px_set *s, uint32_t count)
{
    struct px_queue *q = px_queue_of(s);
    uint32_t first = 0, last = 0;
    while (count-- > 0) {
        struct px_block *b = px_queue_block(s, PX_GET(q->free));
        if (!b && !add_blocks(s)) {
            px_queue_free(s, first, PX_QUEUE_BLOCKS);
            return 0;
        }
        uint32_t number = PX_GET(q->free);
        b = px_queue_block(s, number);
        if (!b)
            return 0;
        PX_PUT(q->free, PX_GET(b->next));
        PX_PUT(b->next, 0);
        if (last)
            PX_PUT(px_queue_block(s, last)->next, number);
        else
            first = number;
        last = number;
    }
    return first;
}

void px_queue_free(struct px_set *s, uint32_t first, uint32_t count)
{
    struct px_queue *q = px_queue_of(s);
    struct px_block *b;
    while (count-- > 0 && (b = px_queue_block(s, first)) != NULL) {
        uint32_t next = PX_GET(b->next);
        PX_PUT(b->next, PX_GET(q->free));
        PX_PUT(q->free, first);
        first = next;
    }
}

int px_queue_write(struct px_set *s, uint32_t first, int64_t type, const void *bytes,
                   size_t size)
{
    struct px_block *b = px_queue_block(s, first);
    if (!b)
        return -1;
    PX_PUT(b->type, type);
    PX_PUT(b->size, (uint32_t)size);
    for (size_t done = 0, n; done < size; done += n) {
        n = size - done < PX_BLOCK_BYTES ? size - done : PX_BLOCK_BYTES;
        if (!b)
            return -1;
        memcpy(b->bytes, (const char *)bytes + done, n);
        b = done + n < size ? px_queue_block(s, PX_GET(b->next)) : b;
    }
    return 0;
}

/*
 * Sending
 */

enum px_sent px_queue_append(struct px_set *s, uint32_t block, int locked)
{
    _Atomic uint64_t *tail = &px_queue_of(s)->tail;
    for (;;) {
        uint64_t now = px_queue_tail(s);
        if (!locked && (now & (PX_TAIL_AWAITED | PX_TAIL_CLOSED)))
            return PX_LOCK_NEEDED;
        _Atomic uint64_t *slot = px_queue_slot(s, now, px_ticket_after(px_ticket(now), 1));
        if (!slot)
            return PX_NO_SPACE;
        if (px_slot_is_full(atomic_load_explicit(slot, memory_order_acquire)))
            return PX_RING_FULL;
        uint64_t next = px_tail_after(now, block);
        if (!atomic_compare_exchange_strong(tail, &now, next)) /* model: M4 */
            continue;
        help(s, next);
        return PX_SENT;
    }
}

/*
 * Receiving
 */

/* A negative type asks for the lowest up to its amount; LONG_MIN has none, and counts as the most. */
static int64_t amount_of(int64_t type)
{
    return type == INT64_MIN ? INT64_MAX : -type;
}

int px_type_matches(int64_t found, int64_t type, int flags)
{
    if (type < 0)
        return found <= amount_of(type);
    if (type == 0)
        return 1;
    return (found == type) == !(flags & LIBSHM_MSG_EXCEPT);
}

int px_queue_look(struct px_set *s, uint32_t number, struct px_message *m)
{
    struct px_block *b = px_queue_block(s, number);
    if (!b)
        return 0;
    m->block = number;
    m->type = PX_GET(b->type);
    m->size = PX_GET(b->size);
    return m->size <= LIBSHM_MSGMAX;
}

int px_queue_has(struct px_set *s, const struct px_message *m)
{
    _Atomic uint64_t *slot = px_queue_slot(s, m->tail, m->ticket);
    atomic_thread_fence(memory_order_acquire);
    return slot && PX_GET(*slot) == m->slot;
}

/* The message of a ticket, if it is there: looked at twice, for it may be taken in between. */
static int message_at(struct px_set *s, struct px_message *m)
{
    _Atomic uint64_t *slot = px_queue_slot(s, m->tail, m->ticket);
    m->slot = slot ? atomic_load_explicit(slot, memory_order_acquire) : 0;
    if (px_ticket(m->slot) != m->ticket || !px_slot_is_full(m->slot) ||
        !px_queue_look(s, px_number(m->slot), m))
        return 0;
    return px_queue_has(s, m);
}

/* Nobody need look at tickets before this one again: all have been taken. */
static void pass_taken(struct px_set *s, uint64_t from, uint64_t to)
{
    if (from != to)
        atomic_compare_exchange_strong(&px_queue_of(s)->head, &from, to);
}

/* Or somebody has even used the slot for a later one. */
static int is_taken(const struct px_message *m)
{
    int64_t later = px_ticket_difference(px_ticket(m->slot), m->ticket);
    return later > 0 || (later == 0 && !px_slot_is_full(m->slot));
}

struct search {
    int64_t type;
    int flags;
    int64_t number; /* of messages that have been seen */
    int found;
};

/* 1 if it is the one: of a negative type, lower ones may follow. */
static int consider(struct search *search, const struct px_message *at, struct px_message *best)
{
    int wanted = search->flags & LIBSHM_MSG_COPY
                     ? search->number++ == search->type
                     : px_type_matches(at->type, search->type, search->flags);
    if (!wanted || (search->found && at->type >= best->type))
        return 0;
    *best = *at;
    search->found = 1;
    return search->type >= 0;
}

int px_queue_find(struct px_set *s, int64_t type, int flags, struct px_message *m)
{
    struct search search = {.type = type, .flags = flags};
    struct px_message at = {.tail = px_queue_tail(s)};
    uint64_t first = px_queue_first(s, at.tail), end = px_ticket_after(px_ticket(at.tail), 1);
    int done = 0, all_taken = 1;
    for (at.ticket = first; at.ticket != end && !done;
         at.ticket = px_ticket_after(at.ticket, 1)) {
        int there = message_at(s, &at);
        if (all_taken && !is_taken(&at)) {
            all_taken = 0;
            pass_taken(s, first, at.ticket);
        }
        done = there && consider(&search, &at, m);
    }
    if (all_taken)
        pass_taken(s, first, end);
    return search.found;
}

int px_queue_take(struct px_set *s, const struct px_message *m, uint32_t waiter)
{
    _Atomic uint64_t *slot = px_queue_slot(s, m->tail, m->ticket);
    uint64_t now = m->slot;
    uint64_t taken = px_slot(m->ticket, waiter) | (waiter ? PX_SLOT_GIVEN : 0);
    return slot && atomic_compare_exchange_strong(slot, &now, taken); /* model: M5 */
}

void px_queue_forget(_Atomic uint64_t *slot, uint64_t given)
{
    atomic_compare_exchange_strong(slot, &given, px_slot(px_ticket(given), 0));
}

void px_queue_copy(struct px_set *s, uint32_t number, void *bytes, size_t size)
{
    struct px_block *b = px_queue_block(s, number);
    for (size_t done = 0, n; b && done < size; done += n) {
        n = size - done < PX_BLOCK_BYTES ? size - done : PX_BLOCK_BYTES;
        memcpy((char *)bytes + done, b->bytes, n);
        b = px_queue_block(s, PX_GET(b->next));
    }
}
