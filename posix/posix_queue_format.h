/*
 * The bytes of a message queue's file: those of a semaphore set without semaphores
 * (posix_set_format.h), whose lock, rows and sleepers it uses. Where the semaphores would begin lies a
 * struct px_queue, and behind everything else lie two rings of slots and the blocks of messages.
 *
 * A message is a chain of blocks, numbered from 1. It is in the queue while a slot of the ring shows its
 * first block. Which slot that is, and the order of messages, is their ticket: the word `tail` counts
 * them, and shows the block of the last one, so that sending is one compare-and-exchange of that word:
 * the slot is only written afterwards, by the sender or by whoever comes next (posix_queue.c). Receiving is
 * one compare-and-exchange of the slot.
 *
 *   tail  ring 1 | closed 1 | awaited 1 | ticket 44 | block 17
 *   slot  given 1 | ticket 44 | number 17
 *
 * ring     which of the two is in use
 * closed   whoever sends or receives takes the lock
 * awaited  calls sleep until they get a message: whoever sends takes the lock
 * number   the block of the message in it, 0: taken; `given`: to the sleeping call of this number
 */
#ifndef LIBSHM_POSIX_QUEUE_FORMAT_H
#define LIBSHM_POSIX_QUEUE_FORMAT_H

#include "posix/posix_set_format.h"

enum {
    PX_QUEUE_BLOCKS = 32768,
    PX_QUEUE_SLOTS = 32768,
    PX_BLOCK_BYTES = 240,
    PX_BLOCKS_AT_ONCE = 16, /* a page of them */
    PX_ROW_BLOCKS = 56,
};

enum { PX_NUMBER_BITS = 17, PX_TICKET_BITS = 44 };
#define PX_TICKET_MASK  ((UINT64_C(1) << PX_TICKET_BITS) - 1)
#define PX_TAIL_AWAITED (UINT64_C(1) << 61)
#define PX_TAIL_CLOSED  (UINT64_C(1) << 62)
#define PX_TAIL_RING    (UINT64_C(1) << 63)
#define PX_SLOT_GIVEN   (UINT64_C(1) << 63)

static inline uint32_t px_number(uint64_t word)
{
    return (uint32_t)word & ((1u << PX_NUMBER_BITS) - 1);
}

static inline uint64_t px_ticket(uint64_t word)
{
    return word >> PX_NUMBER_BITS & PX_TICKET_MASK;
}

static inline uint64_t px_ticket_after(uint64_t ticket, int64_t n)
{
    return (ticket + (uint64_t)n) & PX_TICKET_MASK;
}

/* How much later `b` is than `a`; tickets come round after months. */
static inline int64_t px_ticket_difference(uint64_t b, uint64_t a)
{
    return (int64_t)((b - a) << (64 - PX_TICKET_BITS)) >> (64 - PX_TICKET_BITS);
}

static inline uint64_t px_slot(uint64_t ticket, uint32_t number)
{
    return (ticket & PX_TICKET_MASK) << PX_NUMBER_BITS | number;
}

/* The tail after one more message; of a queue that nobody has used yet all is 0. */
static inline uint64_t px_tail_after(uint64_t tail, uint32_t block)
{
    return (tail & (PX_TAIL_AWAITED | PX_TAIL_CLOSED | PX_TAIL_RING)) |
           px_slot(px_ticket(tail) + 1, block);
}

static inline int px_slot_is_full(uint64_t slot)
{
    return px_number(slot) != 0 && !(slot & PX_SLOT_GIVEN);
}

/* senders 1 | bytes 31 | messages 32; senders: calls sleep until there is room. */
#define PX_ROOM_SENDERS (UINT64_C(1) << 63)

static inline uint64_t px_room_of(uint64_t messages, uint64_t bytes)
{
    return bytes << 32 | messages;
}

static inline uint64_t px_room_messages(uint64_t room)
{
    return (uint32_t)room;
}

static inline uint64_t px_room_bytes(uint64_t room)
{
    return (room & ~PX_ROOM_SENDERS) >> 32;
}

struct px_block {
    _Atomic uint32_t next; /* with further bytes of the message; or the next free one */
    _Atomic uint32_t size; /* in a message's first block: bytes of the message */
    alignas(8) _Atomic int64_t type;
    unsigned char bytes[PX_BLOCK_BYTES];
};

struct px_queue {
    alignas(64) _Atomic uint64_t tail;
    alignas(64) _Atomic uint64_t head; /* all messages of earlier tickets are taken */
    alignas(64) _Atomic uint64_t room; /* what is used of it, and promised */
    /* The rest, but for times and pids, belongs to the holder of the lock. */
    alignas(64) _Atomic uint32_t free; /* chain of blocks */
    _Atomic uint32_t fresh;   /* blocks that have ever been used: those above have not */
    _Atomic uint32_t unswept; /* a death may have left blocks and room to nobody */
    uint32_t padding;
    _Atomic int64_t
        qbytes_more; /* than LIBSHM_MSGMNB: what bytes and messages may be at most */
    _Atomic int64_t stime, rtime; /* seconds since the epoch; 0: never */
    _Atomic int32_t lspid, lrpid;
};

/* Of a process, behind its struct px_row. */
struct px_queue_row {
    _Atomic uint32_t busy;  /* a thread is sending or receiving without the lock */
    _Atomic uint32_t count; /* blocks that it keeps for its messages */
    _Atomic uint32_t blocks[PX_ROW_BLOCKS];
};

enum { PX_QUEUE_OFFSET = PX_SEMAPHORES_OFFSET };

_Static_assert(sizeof(struct px_block) == 256, "format");
_Static_assert(sizeof(struct px_queue) == 256, "format");
_Static_assert(PX_QUEUE_OFFSET % 64 == 0, "format");
_Static_assert(sizeof(struct px_row) + sizeof(struct px_queue_row) <= 256, "format");
_Static_assert(PX_QUEUE_BLOCKS < 1 << PX_NUMBER_BITS, "format");

void px_queue_layout(struct px_set_layout *layout);

#endif
