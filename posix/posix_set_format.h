/*
 * The bytes of a semaphore set's file, mapped whole by every process that uses the set.
 *
 *   0      struct px_header
 *   256    struct px_control: the set lock, the queue of sleepers, the redo record
 *   448    one struct px_semaphore for each semaphore
 *   ...    one struct px_redo_entry for each semaphore
 *   rows      page-aligned: one row for each process that uses the set, numbered from 1
 *   waiters   page-aligned: one entry for each sleeping call (or part of one), numbered from 1
 *
 * Rows and waiters are sparse: the file has its full length from the start, and space is
 * reserved when more of them are needed. A control block of zeros is a set nobody has used.
 *
 * Everything here may be written by a hostile peer: fields are read once (PX_GET), and numbers
 * are checked before they lead anywhere. Number 0 means none.
 */
#ifndef LIBSHM_POSIX_SET_FORMAT_H
#define LIBSHM_POSIX_SET_FORMAT_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "posix/posix_object.h"

#define PX_GET(field)        atomic_load_explicit(&(field), memory_order_relaxed)
#define PX_PUT(field, value) atomic_store_explicit(&(field), (value), memory_order_relaxed)

/*
 * A semaphore is one word, so that an operation on it alone is one compare-and-exchange
 * (posix_single.c): value 15 | locked 1 | awaited 1 | holders 2 | delta 4 | row 14 | seq 21 | epoch 6.
 *
 * locked    only the holder of the set lock changes it
 * awaited   sleeping calls name it; only under the set lock
 * holders   how many rows hold an adjustment of it: none, one, or more
 * row       whose operation this is, if that has an undo: its cell is to change by -delta, and gets the
 *           number seq. The word is not changed again before the cell has it. 0: nobody's; then delta and
 *           seq are a number that is another after each operation, so that no word comes back soon
 *
 * A process's adjustment of a semaphore is its cell: adj 16 | epoch 6 | seq 42. SETVAL voids all
 * adjustments at once by counting the semaphore's epoch on.
 */
enum {
    PX_VALUE_BITS = 15,
    PX_HOLDERS_SHIFT = 17,
    PX_DELTA_SHIFT = 19,
    PX_ROW_SHIFT = 23,
    PX_SEQ_SHIFT = 37,
    PX_EPOCH_SHIFT = 58,
    PX_DELTA_BITS = PX_ROW_SHIFT - PX_DELTA_SHIFT,
    PX_ROW_BITS = PX_SEQ_SHIFT - PX_ROW_SHIFT,
    PX_SEQ_BITS = PX_EPOCH_SHIFT - PX_SEQ_SHIFT,
    PX_EPOCH_BITS = 64 - PX_EPOCH_SHIFT,
    PX_CELL_SEQ_SHIFT = 16 + PX_EPOCH_BITS,
    PX_DELTA_MOST = (1 << (PX_DELTA_BITS - 1)) - 1, /* either way */
};
#define PX_WORD_LOCKED  (UINT64_C(1) << 15)
#define PX_WORD_AWAITED (UINT64_C(1) << 16)
#define PX_WORD_HOLDERS (UINT64_C(3) << PX_HOLDERS_SHIFT)
#define PX_WORD_ROW     (((UINT64_C(1) << PX_ROW_BITS) - 1) << PX_ROW_SHIFT)
#define PX_WORD_OPERATION                                                                      \
    (((UINT64_C(1) << (PX_EPOCH_SHIFT - PX_DELTA_SHIFT)) - 1) << PX_DELTA_SHIFT)

enum px_holders { PX_NO_HOLDER = 0, PX_ONE_HOLDER = 1, PX_MANY_HOLDERS = 2 };

struct px_semaphore {
    alignas(8) _Atomic uint64_t word;
    _Atomic int32_t pid;
    uint32_t padding;
};

static inline uint32_t px_word_bits(uint64_t word, int shift, int bits)
{
    return (uint32_t)(word >> shift) & ((1u << bits) - 1);
}

static inline int px_word_value(uint64_t word)
{
    return (int)px_word_bits(word, 0, PX_VALUE_BITS);
}

static inline uint32_t px_word_epoch(uint64_t word)
{
    return (uint32_t)(word >> PX_EPOCH_SHIFT);
}

static inline enum px_holders px_word_holders(uint64_t word)
{
    return (enum px_holders)px_word_bits(word, PX_HOLDERS_SHIFT, 2);
}

static inline int px_word_delta(uint64_t word)
{
    int bits = (int)px_word_bits(word, PX_DELTA_SHIFT, PX_DELTA_BITS);
    return bits > PX_DELTA_MOST ? bits - (1 << PX_DELTA_BITS) : bits;
}

static inline uint32_t px_word_row(uint64_t word)
{
    return px_word_bits(word, PX_ROW_SHIFT, PX_ROW_BITS);
}

static inline uint32_t px_word_seq(uint64_t word)
{
    return px_word_bits(word, PX_SEQ_SHIFT, PX_SEQ_BITS);
}

static inline uint64_t px_word_with_value(uint64_t word, int value)
{
    const uint64_t bits = (UINT64_C(1) << PX_VALUE_BITS) - 1;
    return (word & ~bits) | ((uint64_t)(unsigned)value & bits);
}

static inline uint64_t px_word_with_holders(uint64_t word, enum px_holders holders)
{
    return (word & ~PX_WORD_HOLDERS) | (uint64_t)holders << PX_HOLDERS_SHIFT;
}

/* The operation that it is to show; what it showed must be done. */
static inline uint64_t px_word_with_operation(uint64_t word, int delta, uint32_t row,
                                              uint32_t seq)
{
    const unsigned deltas = (1u << PX_DELTA_BITS) - 1, seqs = (1u << PX_SEQ_BITS) - 1;
    return (word & ~PX_WORD_OPERATION) |
           (uint64_t)((unsigned)delta & deltas) << PX_DELTA_SHIFT |
           (uint64_t)row << PX_ROW_SHIFT | (uint64_t)(seq & seqs) << PX_SEQ_SHIFT;
}

/*
 * After an operation that is nobody's, or whose cell has it. The number follows the last one, or from a
 * row's operation is mixed out of the whole word: to count on from the row's seq would meet it again.
 */
static inline uint64_t px_word_with_nobody(uint64_t word)
{
    uint32_t number = px_word_row(word)
                          ? (uint32_t)(word * UINT64_C(0x9e3779b97f4a7c15) >> 39)
                          : px_word_bits(word, PX_DELTA_SHIFT, PX_DELTA_BITS) << PX_SEQ_BITS |
                                px_word_seq(word);
    number++;
    return px_word_with_operation(word, (int)(number >> PX_SEQ_BITS), 0, number);
}

/*
 * Of a word that says nothing but a value, a number and an epoch (nobody holds an adjustment, no operation
 * is shown, nobody has locked it or waits) with another value: one addition, of the change and of one to the
 * number. 1; or 0 if there is more to it: the word is not such a one, the value would leave its bits, or the
 * number its lower ones; both show in the bit above.
 */
static inline int px_word_plainly_changed(uint64_t word, int change, uint64_t *next)
{
    const uint64_t nothing = PX_WORD_LOCKED | PX_WORD_AWAITED | PX_WORD_HOLDERS | PX_WORD_ROW;
    *next = word + (uint64_t)(int64_t)change + (UINT64_C(1) << PX_SEQ_SHIFT);
    return (((word | *next) & nothing) | (word ^ *next) >> PX_EPOCH_SHIFT) == 0;
}

/* The first value of another epoch, in which nobody holds an adjustment. */
static inline uint64_t px_word_renewed(uint64_t word, int value)
{
    word = px_word_with_holders(px_word_with_value(word, value), PX_NO_HOLDER);
    word = px_word_with_nobody(word); /* an adjustment that its row lacks yet is void as well */
    return word + (UINT64_C(1) << PX_EPOCH_SHIFT);
}

/* One row's adjustment changes. Who was one of many leaves an unknown number: posix_word_lock.c counts. */
static inline uint64_t px_word_with_holding(uint64_t word, int before, int after)
{
    enum px_holders holders = px_word_holders(word);
    if (!before && after)
        holders = holders == PX_NO_HOLDER ? PX_ONE_HOLDER : PX_MANY_HOLDERS;
    else if (before && !after && holders == PX_ONE_HOLDER)
        holders = PX_NO_HOLDER;
    return px_word_with_holders(word, holders);
}

static inline int px_cell_adjustment(uint64_t cell, uint32_t epoch)
{
    return px_word_bits(cell, 16, PX_EPOCH_BITS) == epoch ? (int16_t)(uint16_t)cell : 0;
}

static inline int px_adjustment_is_valid(int adjustment)
{
    return adjustment >= -LIBSHM_SEMAEM - 1 && adjustment <= LIBSHM_SEMAEM;
}

static inline uint64_t px_cell_seq(uint64_t cell)
{
    return cell >> PX_CELL_SEQ_SHIFT;
}

static inline uint64_t px_cell(int adjustment, uint32_t epoch, uint64_t before)
{
    return (uint64_t)(uint16_t)adjustment | (uint64_t)epoch << 16 |
           (px_cell_seq(before) + 1) << PX_CELL_SEQ_SHIFT;
}

/* Whether the operation that a word shows has yet to reach the cell of its row. */
static inline int px_word_is_pending(uint64_t word, uint64_t cell)
{
    const uint64_t seqs = (UINT64_C(1) << PX_SEQ_BITS) - 1;
    return ((px_cell_seq(cell) + 1) & seqs) == px_word_seq(word);
}

/*
 * What one operation leaves behind, as absolute values: while `valid` is set, whoever holds the
 * set lock may apply it any number of times.
 */
struct px_redo_entry {
    _Atomic uint32_t index; /* of the semaphore */
    _Atomic int32_t pid;
    alignas(8) _Atomic uint64_t word;
    alignas(8) _Atomic uint64_t cell; /* of `row` */
};

struct px_redo {
    _Atomic uint32_t valid;
    _Atomic uint32_t count; /* entries */
    _Atomic uint32_t row;   /* whose cells and state are stored; 0: none */
    _Atomic uint32_t row_state;
    _Atomic uint32_t row_adjusts;
    _Atomic uint32_t adjusted_rows;
    _Atomic uint32_t waiter; /* the sleeping call this was done for; 0: none */
    uint32_t padding;
    alignas(8) _Atomic int64_t otime; /* 0: unchanged */
    alignas(8) _Atomic int64_t ctime;
    uint64_t reserved[2];
};

struct px_control {
    alignas(64) _Atomic uint32_t lock; /* row and tag of the holder | PX_SLEEPERS; 0: free */
    alignas(64) _Atomic uint32_t rows_extra; /* space reserved beyond the first ones */
    _Atomic uint32_t waiters_extra;
    _Atomic uint32_t rows_used;     /* no row above this was ever used */
    _Atomic uint32_t adjusted_rows; /* rows that may hold adjustments */
    _Atomic uint32_t fifo_head, fifo_tail;
    alignas(8) _Atomic uint64_t last_ticket;
    alignas(
        8) _Atomic int64_t probed_at; /* nanoseconds: when a sleeper last looked for deaths */
    uint64_t reserved[2];
    alignas(64) struct px_redo redo;
};

enum { PX_CONTROL_OFFSET = 256, PX_SEMAPHORES_OFFSET = 448 };

/*
 * The lock word: sleepers 1 | tag 16 | row 15. The tag is random for each process that opens
 * the set, so that who found a holder dead and is slow to take the lock from it cannot take it
 * from a later process in the same row.
 */
#define PX_SLEEPERS UINT32_C(0x80000000)

static inline uint32_t px_lock_row(uint32_t lock)
{
    return lock & 0x7fff;
}

static inline uint32_t px_lock_word(uint32_t row, uint32_t tag)
{
    return row | (tag & 0xffff) << 15;
}

enum px_row_state { PX_ROW_FREE = 0, PX_ROW_USED = 1 };

struct px_row {
    _Atomic uint32_t state;
    _Atomic int32_t pid;
    _Atomic uint32_t adjusts; /* cells may hold an adjustment: without it, they may not */
    uint32_t padding;
    alignas(8) _Atomic uint64_t cells[];
};

/*
 * FREE -> WAITING (-> GRANTING) -> DONE -> FREE. A sleeper that gives up turns WAITING into
 * CANCELLED without the lock; the next walk of the queue frees the entry. GRANTING is what
 * keeps a grant and a cancellation apart.
 */
enum px_waiter_state {
    PX_WAITER_FREE = 0,
    PX_WAITER_WAITING = 1,
    PX_WAITER_GRANTING = 2,
    PX_WAITER_DONE = 3, /* `result` is the errno of the call, 0 for success */
    PX_WAITER_CANCELLED = 4,
    PX_WAITER_MORE = 5, /* carries further operations of another entry */
};

enum { PX_WAITER_OPS = 13 };

struct px_waiter_op {
    _Atomic uint16_t num;
    _Atomic int16_t op;
    _Atomic int16_t flags;
};

/* What a call on a message queue waits for. */
struct px_wish {
    alignas(8) _Atomic int64_t type; /* as msgrcv has it; 0 of a sender */
    _Atomic uint32_t size; /* of the message that is to be sent, or of the room for one */
    _Atomic uint32_t flags;
    _Atomic uint32_t sends;
    _Atomic uint32_t message; /* that was given to a receiver, by its first block; 0: none */
};

struct px_waiter {
    _Atomic uint32_t state; /* the word the call sleeps on */
    _Atomic uint32_t result;
    _Atomic uint32_t row;
    _Atomic int32_t pid;
    alignas(8) _Atomic uint64_t ticket; /* order of arrival */
    _Atomic uint32_t next, previous;    /* in the queue, by number */
    _Atomic uint32_t more;              /* entry with the next operations */
    _Atomic uint32_t nops;              /* of the whole call */
    _Atomic uint16_t blocked_on;        /* semaphore of the operation that cannot go on */
    _Atomic uint16_t blocked_for_zero;
    union {
        struct px_waiter_op ops[PX_WAITER_OPS];
        struct px_wish wish; /* of a message queue's */
    };
};

_Static_assert(sizeof(struct px_semaphore) == 16, "format");
_Static_assert(sizeof(struct px_redo_entry) == 24, "format");
_Static_assert(sizeof(struct px_redo) == 64, "format");
_Static_assert(sizeof(struct px_control) == 192, "format");
_Static_assert(sizeof(struct px_row) == 16, "format");
_Static_assert(sizeof(struct px_wish) == 24, "format");
_Static_assert(sizeof(struct px_waiter) == 128, "format");
_Static_assert(PX_CONTROL_OFFSET == sizeof(struct px_header), "format");
_Static_assert(PX_SEMAPHORES_OFFSET == PX_CONTROL_OFFSET + sizeof(struct px_control), "format");
_Static_assert(ATOMIC_INT_LOCK_FREE == 2 && ATOMIC_LLONG_LOCK_FREE == 2,
               "atomics between processes must be address-free");

/* Where things lie in the file of a set with `nsems` semaphores; all in bytes. */
struct px_set_layout {
    uint32_t nsems;
    uint32_t rows, waiters;                 /* most there can be */
    uint32_t rows_initial, waiters_initial; /* reserved at creation */
    size_t row_stride;
    size_t redo_offset, rows_offset, waiters_offset;
    size_t slots_offset, blocks_offset; /* of a message queue (posix_queue_format.h) */
    size_t file_size;
};
void px_set_layout(struct px_set_layout *layout, uint32_t nsems);

/* That of a set or queue with this header, which is only believed (1) if it agrees with it in size. */
int px_set_layout_of(const struct px_header *h, struct px_set_layout *layout);

#endif
