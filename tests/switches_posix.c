/* The protections of posix/. */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <unistd.h>

#include "posix/posix_attach.h"
#include "posix/posix_borrow.h"
#include "posix/posix_header.h"
#include "posix/posix_io.h"
#include "posix/posix_key.h"
#include "posix/posix_life.h"
#include "posix/posix_lock.h"
#include "posix/posix_perm.h"
#include "posix/posix_process.h"
#include "posix/posix_queue_sweep.h"
#include "posix/posix_redo.h"
#include "posix/posix_repair.h"
#include "posix/posix_rows.h"
#include "posix/posix_semop.h"
#include "posix/posix_waiters.h"
#include "posix/posix_word.h"
#include "tests/switches.h"

/*
 * Deaths.
 */

static _Thread_local bool repairing;

WRAP(int, px_set_take_over, struct px_set *s, uint32_t lock)
{
    if (OFF(holder))
        return 0;
    repairing = true;
    int result = __real_px_set_take_over(s, lock);
    repairing = false;
    return result;
}

/* The record as it stands there: no index, no count is looked at. */
void __real_px_redo_replay(struct px_set *s);

static void replay_unchecked(struct px_set *s)
{
    struct px_redo *redo = &px_set_control(s)->redo;
    struct px_row *row =
        (struct px_row *)(void *)(s->base + s->layout.rows_offset +
                                  (size_t)(PX_GET(redo->row) - 1) * s->layout.row_stride);

    for (uint32_t i = 0; PX_GET(redo->valid) && i < PX_GET(redo->count); i++) {
        struct px_redo_entry *e = &px_set_redo_entries(s)[i];
        PX_PUT(px_set_semaphores(s)[PX_GET(e->index)].word, PX_GET(e->word));
        if (PX_GET(redo->row))
            PX_PUT(row->cells[PX_GET(e->index)], PX_GET(e->cell));
    }
    PX_PUT(redo->count, 0);
    __real_px_redo_replay(s);
}

WRAP(void, px_redo_replay, struct px_set *s)
{
    if (OFF(redo_record))
        replay_unchecked(s);
    else if (!OFF(replay))
        __real_px_redo_replay(s);
}

WRAP(void, px_fifo_rebuild, struct px_set *s)
{
    if (!OFF(queue_rebuild))
        __real_px_fifo_rebuild(s);
}

/* The row becomes free, but what it adjusted stays. */
static void bury_without_undo(struct px_set *s, uint32_t number)
{
    struct px_row *row = px_row(s, number);
    struct px_change change = {.row = number, .row_state = PX_ROW_FREE};

    if (!row)
        return;
    px_waiters_drop(s, number);
    for (uint32_t i = 0; i < s->layout.nsems; i++)
        PX_PUT(row->cells[i], 0);
    px_redo_commit(s, &change);
}

WRAP(void, px_row_bury, struct px_set *s, uint32_t number)
{
    if (OFF(holder_burial) && repairing)
        return;
    if (OFF(undo))
        bury_without_undo(s, number);
    else
        __real_px_row_bury(s, number);
}

WRAP(void, px_waiters_drop, struct px_set *s, uint32_t row)
{
    if (!OFF(sleepers_death))
        __real_px_waiters_drop(s, row);
}

/*
 * Semaphores.
 */

/* Nobody does for a dead process what it had begun. */
WRAP(int, px_word_help, struct px_set *s, uint32_t index, uint64_t word)
{
    if (OFF(help) && px_word_row(word) != s->row)
        return 1;
    return __real_px_word_help(s, index, word);
}

WRAP(uint64_t, px_word_lock, struct px_set *s, uint32_t index)
{
    return OFF(word_lock) ? PX_GET(*px_word_of(s, index)) : __real_px_word_lock(s, index);
}

WRAP(void, px_word_await, struct px_set *s, uint32_t index)
{
    if (!OFF(await))
        __real_px_word_await(s, index);
}

/* A set is unmapped under those who use it. */
WRAP(int, px_recall, enum px_kind kind, void *thing)
{
    int unused = __real_px_recall(kind, thing);

    return OFF(recall) ? 1 : unused;
}

/* The sleeper is told that its operation was done. */
WRAP(void, px_redo_commit, struct px_set *s, const struct px_change *change)
{
    if (OFF(grant) && change->waiter)
        px_waiter_finish(s, change->waiter, 0);
    else
        __real_px_redo_commit(s, change);
}

/* SETVAL leaves the epoch, and so all adjustments, as they were. */
WRAP(void, px_redo_set, struct px_set *s, uint32_t slot, uint32_t semaphore, uint64_t word,
     uint64_t cell, int32_t pid)
{
    uint64_t now = PX_GET(px_set_semaphores(s)[semaphore].word);

    if (OFF(void_adjustments))
        word -= (uint64_t)(px_word_epoch(word) - px_word_epoch(now)) << PX_EPOCH_SHIFT;
    __real_px_redo_set(s, slot, semaphore, word, cell, pid);
}

/*
 * Objects.
 */

WRAP(void, px_attaches_before_fork, void)
{
    if (!OFF(fork))
        __real_px_attaches_before_fork();
}

WRAP(int, px_life_destroy_unused, struct px_object *o)
{
    return OFF(last_detach) ? 0 : __real_px_life_destroy_unused(o);
}

WRAP(int, px_lock_exclusive, int fd, off_t start, off_t length)
{
    if (OFF(life_lock) && start == PX_LIFE_BYTE && length == 1)
        return 0;
    return __real_px_lock_exclusive(fd, start, length);
}

WRAP(int, px_key_unbind, enum px_kind kind, uint32_t key, int id)
{
    char path[PX_PATH_SIZE];

    if (!OFF(binding_check))
        return __real_px_key_unbind(kind, key, id);
    px_key_path(path, kind, key);
    return unlink(path) == 0 || errno == ENOENT ? 0 : -1;
}

WRAP(int, px_reserve, int fd, off_t start, off_t end)
{
    return OFF(space) ? 0 : __real_px_reserve(fd, start, end);
}

WRAP(int, px_set_reserve, struct px_set *s, size_t start, size_t end)
{
    return OFF(set_space) ? 0 : __real_px_set_reserve(s, start, end);
}

/* A class to which all is granted. */
WRAP(unsigned, px_perm_class, const struct shm_backend_perm *perm)
{
    return OFF(permissions) ? 0 : __real_px_perm_class(perm);
}

/* Cancellation stays blocked. */
WRAP(void, px_block_signals, struct px_mask *old)
{
    __real_px_block_signals(old);
    if (OFF(signal_mask))
        pthread_sigmask(SIG_SETMASK, &old->signals, NULL);
}

/*
 * Message queues.
 */

WRAP(int, px_queue_sweep, struct px_set *s)
{
    return OFF(sweep) ? 0 : __real_px_queue_sweep(s);
}

WRAP(int, px_queue_take_room, struct px_set *s, size_t size)
{
    return __real_px_queue_take_room(s, size) || OFF(room);
}

/*
 * What shared bytes say.
 */

WRAP(int, px_header_has_our_format, const struct px_header *h)
{
    return OFF(header_format) || __real_px_header_has_our_format(h);
}

WRAP(int, px_header_is_about, const struct px_header *h, const struct px_object *o)
{
    return OFF(header_object) || __real_px_header_is_about(h, o);
}

WRAP(int, px_header_fits_file, const struct px_header *h, uint64_t bytes)
{
    return OFF(header_sizes) || __real_px_header_fits_file(h, bytes);
}

WRAP(int, px_header_is_of_this_boot, const struct px_header *h)
{
    return OFF(header_boot) || __real_px_header_is_of_this_boot(h);
}

WRAP(int, px_set_layout_of, const struct px_header *h, struct px_set_layout *l)
{
    if (!OFF(set_layout))
        return __real_px_set_layout_of(h, l);
    px_set_layout(l, (uint32_t)h->size);
    return 1;
}

/* Number 0 is none all the same. */
WRAP(struct px_row *, px_row, struct px_set *s, uint32_t row)
{
    if (!OFF(row_numbers) || row == 0)
        return __real_px_row(s, row);
    return (struct px_row *)(void *)(s->base + s->layout.rows_offset +
                                     (row - 1) * s->layout.row_stride);
}

WRAP(struct px_waiter *, px_waiter, struct px_set *s, uint32_t number)
{
    if (!OFF(waiter_numbers) || number == 0)
        return __real_px_waiter(s, number);
    return (struct px_waiter *)(void *)(s->base + s->layout.waiters_offset +
                                        (number - 1) * sizeof(struct px_waiter));
}

WRAP(size_t, px_waiter_ops, struct px_set *s, struct px_waiter *w,
     struct shm_backend_sembuf *ops)
{
    size_t nops = PX_GET(w->nops);

    if (!OFF(waiter_operations) || nops > PX_WAITER_OPS)
        return __real_px_waiter_ops(s, w, ops);
    for (size_t i = 0; i < nops; i++)
        ops[i] = (struct shm_backend_sembuf){PX_GET(w->ops[i].num), PX_GET(w->ops[i].op),
                                             PX_GET(w->ops[i].flags)};
    return nops;
}
