#include "config.h"

#include "posix/posix_rows.h"

#include <errno.h>
#include <string.h>

#include "libshm/fail.h"
#include "posix/posix_clock.h"
#include "posix/posix_file.h"
#include "posix/posix_lock.h"
#include "posix/posix_process.h"
#include "posix/posix_queue_sweep.h"
#include "posix/posix_semop.h"
#include "posix/posix_set_lock.h"
#include "posix/posix_store.h"
#include "posix/posix_waiters.h"
#include "posix/posix_word.h"

/*
 * The row of a dead process looks alive the moment its byte is locked again, so only a row
 * whose predecessor has been buried may be taken: free, and not the holder of the lock.
 */
static int try_row(struct px_set *s, int fd, uint32_t row)
{
    if (px_lock_exclusive(fd, (off_t)row, 1) != 0)
        return 0;
    int known = row <= px_rows_known(s);
    struct px_row *record = known ? px_row(s, row) : NULL;
    if ((known && (!record || PX_GET(record->state) != PX_ROW_FREE)) ||
        px_lock_row(PX_GET(px_set_control(s)->lock)) == row) {
        px_unlock(fd, (off_t)row, 1);
        return 0;
    }
    s->row = row;
    s->lock_word = px_lock_word(row, (uint32_t)px_random());
    return 1;
}

/*
 * Locks the byte of a free row. 0, or -1 and errno: ENOSPC without space for it; EUSERS when there
 * is none, then with the byte of the last row, which is kept for this and never used.
 */
static int choose(struct px_set *s, int fd)
{
    uint32_t known = px_rows_known(s);
    if (known && px_rows_reserve(s, known) != 0)
        return -1;
    for (uint32_t row = 1; row < s->layout.rows; row++) {
        if (row <= known && PX_GET(px_row(s, row)->state) != PX_ROW_FREE)
            continue;
        if (try_row(s, fd, row))
            return px_rows_reserve(s, row);
    }
    try_row(s, fd, s->layout.rows);
    errno = EUSERS;
    return -1;
}

/*
 * Without one more row, or space for it, those of the dead have to do. Burying them needs the set lock,
 * and for that the byte of the row that was chosen is enough, although it has no record.
 */
static void bury_all_dead(struct px_set *s)
{
    struct px_patience brief = {.deadline = px_now() + 1000000000};
    int error = errno;
    s->claimed = 1;
    if (px_set_lock(s, &brief) == 0) {
        px_rows_reap(s, NULL, NULL);
        px_set_unlock(s);
    }
    s->claimed = 0;
    errno = error;
}

static int choose_again(struct px_set *s, int fd)
{
    uint32_t row = s->row;
    bury_all_dead(s);
    int result = choose(s, fd);
    if (s->row != row)
        px_unlock(fd, (off_t)row, 1);
    return result;
}

int px_row_choose(struct px_set *s, int fd)
{
    s->row = 0;
    if (choose(s, fd) == 0 || (s->row && choose_again(s, fd) == 0))
        return 0;
    if (errno == EUSERS)
        return shm_failf(ENOSPC,
                         "semaphore set %d is in use by %u processes, the most it can "
                         "have",
                         s->id, (unsigned)s->layout.rows - 1);
    if (errno == ENOSPC)
        return px_store_full("process's row in a semaphore set",
                             s->layout.rows_initial * s->layout.row_stride);
    return shm_failf(errno, "no row can be had in semaphore set %d: %s", s->id,
                     strerror(errno));
}

void px_row_claim(struct px_set *s)
{
    struct px_control *c = px_set_control(s);
    struct px_row *row = px_row(s, s->row);
    if (s->row > PX_GET(c->rows_used))
        PX_PUT(c->rows_used, s->row);
    PX_PUT(row->adjusts, 0);
    px_queue_begin_row(s, row);
    PX_PUT(row->pid, (int32_t)px_pid());
    atomic_store_explicit(&row->state, PX_ROW_USED, memory_order_release); /* model: K1 */
    s->claimed = 1;
    atomic_store_explicit(&s->own, row, memory_order_release);
}

void px_probe_end(struct px_probe *probe)
{
    if (probe->fd >= 0)
        px_file_close(probe->fd);
    probe->fd = -1;
}

/* Where nobody can tell (no descriptor left, rights dropped), nobody is declared dead. */
int px_row_is_alive(struct px_probe *probe, uint32_t row)
{
    if (row == probe->set->row)
        return 1;
    if (row == 0 || row > probe->set->layout.rows)
        return 0;
    if (probe->fd < 0 && !probe->failed)
        probe->fd = px_set_reopen(probe->set);
    probe->failed = probe->fd < 0;
    if (probe->failed)
        return 1;
    return px_lock_is_held(probe->fd, (off_t)row) != 0;
}

void px_rows_scrub(struct px_set *s, uint32_t semaphore)
{
    uint32_t epoch = px_word_epoch(PX_GET(px_set_semaphores(s)[semaphore].word));
    for (uint32_t r = 1; r <= px_rows_known(s); r++) {
        struct px_row *row = px_row(s, r);
        if (row)
            PX_PUT(row->cells[semaphore],
                   px_cell(px_cell_adjustment(PX_GET(row->cells[semaphore]), epoch), epoch,
                           PX_GET(row->cells[semaphore])));
    }
}

int px_row_is_adjusted(struct px_set *s, uint32_t number, const void *context)
{
    struct px_row *row = px_row(s, number);
    (void)context;
    if (!row || PX_GET(row->state) != PX_ROW_USED || PX_GET(row->adjusts) == 0)
        return 0;
    for (uint32_t i = 0; i < s->layout.nsems; i++)
        if (px_word_is_held_by(s, i, number))
            return 1;
    return 0;
}

/*
 * Each burial looks at every entry that may be in the queue. As many rows and entries as a
 * scribbler can make look used would take minutes: one call does some, the next goes on.
 */
enum { LOOKS_MOST = 1 << 21 };

int px_rows_reap(struct px_set *s, px_row_filter matters, const void *context)
{
    struct px_probe probe = {.set = s, .fd = -1};
    uint32_t looks = 0;
    int buried = 0, changed = 0;
    for (uint32_t r = 1; r <= px_rows_known(s) && looks < LOOKS_MOST; r++) {
        struct px_row *row = r == s->row ? NULL : px_row(s, r);
        if (!row || PX_GET(row->state) != PX_ROW_USED || (matters && !matters(s, r, context)) ||
            px_row_is_alive(&probe, r))
            continue;
        changed |= PX_GET(row->adjusts) != 0;
        px_row_bury(s, r); /* model: D6 */
        looks += px_waiters_known(s);
        buried++;
    }
    px_probe_end(&probe);
    if (px_queue_sweep(s) || changed)
        px_serve(s, PX_ANY);
    return buried;
}

int px_rows_need_burial(struct px_set *s)
{
    struct px_probe probe = {.set = s, .fd = -1};
    uint32_t holder = px_lock_row(PX_GET(px_set_control(s)->lock));
    int found = holder != 0 && !px_row_is_alive(&probe, holder);
    if (PX_GET(px_set_control(s)->adjusted_rows) != 0)
        for (uint32_t r = 1; !found && r <= px_rows_known(s); r++)
            found = px_row_is_adjusted(s, r, NULL) && !px_row_is_alive(&probe, r);
    if (!found && probe.failed)
        found = -1;
    px_probe_end(&probe);
    return found;
}
