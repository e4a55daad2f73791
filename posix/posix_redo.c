#include "config.h"

#include "posix/posix_redo.h"

#include "posix/posix_rows.h"
#include "posix/posix_waiters.h"

void px_redo_set(struct px_set *s, uint32_t slot, uint32_t semaphore, uint64_t word,
                 uint64_t cell, int32_t pid)
{
    struct px_redo_entry *e = &px_set_redo_entries(s)[slot];
    PX_PUT(e->index, semaphore);
    PX_PUT(e->pid, pid);
    PX_PUT(e->word, word);
    PX_PUT(e->cell, cell);
}

static void apply_entry(struct px_set *s, struct px_redo_entry *e, struct px_row *row)
{
    uint32_t index = PX_GET(e->index);
    if (index >= s->layout.nsems)
        return;
    struct px_semaphore *semaphore = &px_set_semaphores(s)[index];
    PX_PUT(semaphore->word, PX_GET(e->word)); /* model: A1 */
    PX_PUT(semaphore->pid, PX_GET(e->pid));
    if (row)
        PX_PUT(row->cells[index], PX_GET(e->cell)); /* model: A2 */
}

static void apply_times(struct px_set *s, struct px_redo *redo)
{
    struct px_header *header = px_set_header(s);
    int64_t otime = PX_GET(redo->otime), ctime = PX_GET(redo->ctime);
    if (otime)
        PX_PUT(header->otime, otime);
    if (ctime)
        PX_PUT(header->ctime, ctime);
}

static void apply(struct px_set *s)
{
    struct px_control *c = px_set_control(s);
    struct px_redo *redo = &c->redo;
    struct px_row *row = px_row(s, PX_GET(redo->row));
    uint32_t count = PX_GET(redo->count);
    for (uint32_t i = 0; i < count && i < s->layout.nsems; i++)
        apply_entry(s, &px_set_redo_entries(s)[i], row);
    if (row) {
        PX_PUT(row->adjusts, PX_GET(redo->row_adjusts));
        PX_PUT(row->state, PX_GET(redo->row_state)); /* model: A3 */
    }
    PX_PUT(c->adjusted_rows, PX_GET(redo->adjusted_rows)); /* model: A4 */
    apply_times(s, redo);
    px_waiter_finish(s, PX_GET(redo->waiter), 0); /* model: A5 */
}

static int any_adjustment(struct px_set *s, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct px_redo_entry *e = &px_set_redo_entries(s)[i];
        if (px_cell_adjustment(PX_GET(e->cell), px_word_epoch(PX_GET(e->word))) != 0)
            return 1;
    }
    return 0;
}

/* A row that has held an adjustment may hold one again at any time, without the lock, while its process lives. */
static void prepare_counts(struct px_set *s, const struct px_change *change)
{
    struct px_control *c = px_set_control(s);
    struct px_row *row = px_row(s, change->row);
    uint32_t was = row && PX_GET(row->adjusts) != 0, now = 0;
    if (row && change->row_state == PX_ROW_USED)
        now = was || any_adjustment(s, change->count);
    PX_PUT(c->redo.row_adjusts, now);
    PX_PUT(c->redo.adjusted_rows, PX_GET(c->adjusted_rows) + now - was);
}

void px_redo_commit(struct px_set *s, const struct px_change *change)
{
    struct px_redo *redo = &px_set_control(s)->redo;
    prepare_counts(s, change);
    PX_PUT(redo->count, change->count); /* model: C1 */
    PX_PUT(redo->row, change->row);
    PX_PUT(redo->row_state, change->row_state);
    PX_PUT(redo->waiter, change->waiter);
    PX_PUT(redo->otime, change->otime);
    PX_PUT(redo->ctime, change->ctime);
    atomic_store_explicit(&redo->valid, 1, memory_order_release); /* model: C2 */
    /* No store of the state may come before the record is valid. */
    atomic_thread_fence(memory_order_release);
    apply(s);
    atomic_store_explicit(&redo->valid, 0, memory_order_release); /* model: C3 */
}

void px_redo_replay(struct px_set *s)
{
    struct px_redo *redo = &px_set_control(s)->redo;
    if (atomic_load_explicit(&redo->valid, memory_order_acquire) == 0)
        return;
    apply(s);
    atomic_store_explicit(&redo->valid, 0, memory_order_release); /* model: C3 */
}
