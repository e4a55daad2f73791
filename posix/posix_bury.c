/* What a death leaves to be done in a set: the dead process's calls, adjustments and row. */
#include "config.h"

#include <time.h>

#include "libshm/backend.h"
#include "posix/posix_redo.h"
#include "posix/posix_rows.h"
#include "posix/posix_waiters.h"

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
    px_waiters_drop(s, number); /* model: D4 */
    struct px_change change = {.row = number, .row_state = PX_ROW_FREE};
    int32_t pid = PX_GET(row->pid);
    for (uint32_t i = 0; i < s->layout.nsems; i++) {
        uint64_t word = PX_GET(px_set_semaphores(s)[i].word), cell = PX_GET(row->cells[i]);
        uint32_t epoch = px_word_epoch(word);
        int adjustment = px_cell_adjustment(cell, epoch);
        if (adjustment == 0)
            continue;
        px_redo_set(s, change.count++, i,
                    px_word(undone(px_word_value(word), adjustment), epoch),
                    px_cell(0, epoch, cell), pid); /* model: D5 */
    }
    if (change.count)
        change.otime = (int64_t)time(NULL);
    px_redo_commit(s, &change);
}
