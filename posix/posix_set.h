/*
 * The semaphore sets and message queues this process has open: a queue is a set without semaphores,
 * whose calls wait for messages (posix_queue_format.h), and what this page says of sets holds for it.
 *
 * A set is mapped once, at its first use, and stays mapped until it is removed. The mapping
 * carries the lock of this process's row, and children do not inherit it: the row is free the
 * moment the process ends or calls exec.
 */
#ifndef LIBSHM_POSIX_SET_H
#define LIBSHM_POSIX_SET_H

#include "posix/posix_set_format.h"

enum { PX_LOCKED_MOST = 16 };

struct px_set {
    int id;              /* first: see posix_borrow.h */
    enum px_kind kind;   /* PX_SET or PX_QUEUE */
    unsigned references; /* calls under way, without those that have borrowed it */
    struct px_set *next;
    uint32_t row;               /* of this process */
    uint32_t lock_word;         /* what the lock holds while this process has it */
    _Atomic int claimed;        /* the row is marked as used; set lock held to change */
    struct px_row *_Atomic own; /* its record, from then on */

    unsigned class_bit;      /* for permission checks; see posix_perm.h */
    uint32_t of_uid, of_gid; /* owners for whom the class was found */
    dev_t dev;
    ino_t ino;
    char *base;
    struct px_set_layout layout;
    _Atomic uint32_t rows_reserved, waiters_reserved;    /* as verified by this process */
    _Atomic uint32_t blocks_reserved, slots_reserved[2]; /* of a queue */

    _Atomic int undoing; /* a thread is in an operation with undo, without the lock */

    /* Words locked by the holder of the set lock, whom all three belong to; see posix_word.h. */
    uint32_t locked[PX_LOCKED_MOST], nlocked;
    int all_locked; /* or any of them */
};

static inline _Atomic uint32_t *px_set_state(const struct px_set *s)
{
    return (_Atomic uint32_t *)(void *)(s->base + offsetof(struct px_header, state));
}

static inline int px_set_is_dead(const struct px_set *s)
{
    return atomic_load_explicit(px_set_state(s), memory_order_acquire) != PX_LIVE;
}

static inline struct px_header *px_set_header(const struct px_set *s)
{
    return (struct px_header *)(void *)s->base;
}

static inline struct px_control *px_set_control(const struct px_set *s)
{
    return (struct px_control *)(void *)(s->base + PX_CONTROL_OFFSET);
}

static inline struct px_semaphore *px_set_semaphores(const struct px_set *s)
{
    return (struct px_semaphore *)(void *)(s->base + PX_SEMAPHORES_OFFSET);
}

static inline struct px_redo_entry *px_set_redo_entries(const struct px_set *s)
{
    return (struct px_redo_entry *)(void *)(s->base + s->layout.redo_offset);
}

/*
 * The open set with this id, opened when it is not; NULL and errno (EINVAL, EACCES, ENOSPC,
 * ENOMEM). Signals are blocked, no process lock is held. Give back with px_set_release.
 */
struct px_set *px_set_take(enum px_kind kind, int id);
void px_set_release(struct px_set *s);

/* The same where it only helps: a failure leaves errno and the sentence alone. */
struct px_set *px_set_take_quietly(enum px_kind kind, int id);

/* The same without opening it: NULL, with errno untouched, when it is not open. */
struct px_set *px_set_take_if_open(enum px_kind kind, int id);

/* A descriptor of the set's file that carries no lock; -1 when it cannot be had any more. */
int px_set_reopen(struct px_set *s);

/*
 * Makes sure that bytes [start, end) of the file have space. 0, or -1 and errno: ENOSPC. A peer's
 * word for it is not enough: a page that is missing on a full mount is a signal.
 */
int px_set_reserve(struct px_set *s, size_t start, size_t end);

/* In a forked child: no mapping was inherited. */
void px_sets_forget(void);

#endif
