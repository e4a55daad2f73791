#include "config.h"

#include "posix/posix_semop.h"

#include <errno.h>

#include "posix/posix_redo.h"
#include "posix/posix_rows.h"
#include "posix/posix_word.h"

struct scratch {
    struct px_set *s;
    struct px_row *row;
    int32_t pid;
    uint32_t count;
};

/* The redo entry of a semaphore, made from the present state at its first use. */
static struct px_redo_entry *entry_for(struct scratch *t, uint32_t index)
{
    struct px_redo_entry *entries = px_set_redo_entries(t->s);
    for (uint32_t i = 0; i < t->count; i++)
        if (PX_GET(entries[i].index) == index)
            return &entries[i];
    if (t->count == t->s->layout.nsems) /* a peer scribbles over the entries */
        return &entries[0];
    uint64_t word = px_word_lock(t->s, index);
    uint64_t cell = PX_GET(t->row->cells[index]);
    uint32_t epoch = px_word_epoch(word);
    cell = px_cell(px_cell_adjustment(cell, epoch), epoch, cell);
    px_redo_set(t->s, t->count, index, word, cell, t->pid);
    return &entries[t->count++];
}

static int adjust(struct px_redo_entry *e, uint64_t *word, int op)
{
    uint64_t cell = PX_GET(e->cell);
    uint32_t epoch = px_word_epoch(*word);
    int before = px_cell_adjustment(cell, epoch), after = before - op;
    if (!px_adjustment_is_valid(after))
        return ERANGE;
    *word = px_word_with_holding(*word, before, after);
    PX_PUT(e->cell, px_cell(after, epoch, cell));
    return 0;
}

/* One operation; the order of the checks is the kernel's. */
static int try_one(struct scratch *t, const struct shm_backend_sembuf *op)
{
    struct px_redo_entry *e = entry_for(t, op->sem_num);
    uint64_t word = PX_GET(e->word);
    int value = px_word_value(word);
    if (op->sem_op == 0)
        return value == 0 ? 0 : EAGAIN;
    value += op->sem_op;
    if (value < 0)
        return EAGAIN;
    if (value > LIBSHM_SEMVMX)
        return ERANGE;
    if ((op->sem_flg & LIBSHM_SEM_UNDO) && adjust(e, &word, op->sem_op) != 0)
        return ERANGE;
    PX_PUT(e->word, px_word_with_value(word, value)); /* model: T1 */
    return 0;
}

struct px_attempt px_try(struct px_set *s, uint32_t row, int32_t pid,
                         const struct shm_backend_sembuf *ops, size_t nops, uint32_t *count)
{
    struct px_attempt result = {0};
    struct scratch t = {.s = s, .row = px_row(s, row), .pid = pid};
    if (!t.row)
        result.error = ENOSPC;
    for (size_t i = 0; i < nops && result.error == 0; i++) {
        result.error = try_one(&t, &ops[i]);
        result.blocked_on = ops[i].sem_num;
        result.for_zero = ops[i].sem_op == 0;
        result.nowait = (ops[i].sem_flg & LIBSHM_IPC_NOWAIT) != 0;
    }
    *count = t.count;
    return result;
}
