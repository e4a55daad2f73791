/* What a death leaves to be done in a set: the dead process's calls, adjustments and row. */
#include "config.h"

#include <time.h>

#include "libshm/backend.h"
#include "posix/posix_queue_sweep.h"
#include "posix/posix_redo.h"
#include "posix/posix_rows.h"
#include "posix/posix_waiters.h"
#include "posix/posix_word.h"

/* value + adjustment, clamped, as the kernel does at exit. */
static int undone(int value, int adjustment)
{
    int result = value + adjustment;
    if (result < 0)
        return 0;
    return result > LIBSHM_SEMVMX ? LIBSHM_SEMVMX : result;
}

void px_row_bury(struct px_set *s, uint32_t number)
{
    struct px_row *row = px_row(s, number);
    if (!row)
        return;
    px_queue_note_death(s);
    px_waiters_drop(s, number); /* model: D4 */
    struct px_change change = {.row = number, .row_state = PX_ROW_FREE};
    int32_t pid = PX_GET(row->pid);
    for (uint32_t i = 0; i < s->layout.nsems; i++) {
        if (!px_word_is_held_by(s, i, number))
            continue;
        uint64_t word = px_word_lock(s, i), cell = PX_GET(row->cells[i]);
        uint32_t epoch = px_word_epoch(word);
        int adjustment = px_cell_adjustment(cell, epoch);
        word = px_word_with_value(word, undone(px_word_value(word), adjustment));
        px_redo_set(s, change.count++, i, px_word_with_holding(word, adjustment, 0),
                    px_cell(0, epoch, cell), pid); /* model: D5 */
    }
    if (change.count)
        change.otime = (int64_t)time(NULL);
    px_redo_commit(s, &change);
}
