/*
 * The messages of a queue: posix_queue_format.h says how they lie there.
 *
 * Everything here is done by single steps that others may come between, with the lock and without it. Every
 * number comes from shared bytes, and is checked before it leads anywhere.
 */
#ifndef LIBSHM_POSIX_QUEUE_H
#define LIBSHM_POSIX_QUEUE_H

#include "posix/posix_places.h"
#include "posix/posix_queue_format.h"

static inline struct px_queue *px_queue_of(const struct px_set *s)
{
    return (struct px_queue *)(void *)(s->base + PX_QUEUE_OFFSET);
}

static inline struct px_queue_row *px_queue_row_of(struct px_row *row)
{
    return (struct px_queue_row *)(void *)row->cells;
}

/* A slot or a block, or NULL when its space is not there. */
_Atomic uint64_t *px_queue_slot(struct px_set *s, uint64_t tail, uint64_t ticket);
struct px_block *px_queue_block(struct px_set *s, uint32_t number);

/* Whether a search meets many slots whose messages were taken, and few that have one. */
int px_queue_is_sparse(const struct px_set *s);

/* The tail, and the slot of the last message is written: all before it are, and the first to look at. */
uint64_t px_queue_tail(struct px_set *s);
uint64_t px_queue_first(struct px_set *s, uint64_t tail);

/*
 * Room
 */

/* The most that bytes, and the number of messages, may be. */
uint64_t px_queue_qbytes(const struct px_set *s);

/* Takes room for a message of this size: 1, or 0 if there is none. */
int px_queue_take_room(struct px_set *s, size_t size);

/* Gives it back: 1 if calls sleep until there is some. */
int px_queue_give_room(struct px_set *s, size_t size);

/*
 * Blocks
 */

uint32_t px_blocks_for(size_t size);

/* A block off the chain of free ones, or 0; a chain of so many. The lock is held. */
uint32_t px_queue_alloc(struct px_set *s, uint32_t count);

/* Gives the blocks of a message that nobody else has back. The lock is held. */
void px_queue_free(struct px_set *s, uint32_t first, uint32_t count);

/* Writes a message into a chain of enough blocks. 0, or -1: somebody has written into the chain. */
int px_queue_write(struct px_set *s, uint32_t first, int64_t type, const void *bytes,
                   size_t size);

/*
 * Sending
 */

enum px_sent { PX_SENT, PX_LOCK_NEEDED, PX_RING_FULL, PX_NO_SPACE };

/* Puts a written message, for which there is room, behind the last one. */
enum px_sent px_queue_append(struct px_set *s, uint32_t block, int locked);

/*
 * Receiving
 */

/* A message that has been found, and may be taken by another meanwhile. */
struct px_message {
    uint64_t tail, ticket, slot;
    uint32_t block, size;
    int64_t type;
};

int px_type_matches(int64_t found, int64_t type, int flags);

/* The message that msgrcv takes with this type and these flags: 1, or 0 for none. */
int px_queue_find(struct px_set *s, int64_t type, int flags, struct px_message *m);

/* Makes it the caller's, or that of the sleeping call `waiter`: 1, or 0 if it is another's by now. */
int px_queue_take(struct px_set *s, const struct px_message *m, uint32_t waiter);

/* Whether it is still there, and what has been read of it therefore its own. */
int px_queue_has(struct px_set *s, const struct px_message *m);

/* Of a slot that says its message is given: from here on it is only taken. */
void px_queue_forget(_Atomic uint64_t *slot, uint64_t given);

/* What lies at the block of this number, if that can be a message: 1, or 0. */
int px_queue_look(struct px_set *s, uint32_t number, struct px_message *m);

/* Copies its first `size` bytes. */
void px_queue_copy(struct px_set *s, uint32_t number, void *bytes, size_t size);

#endif
