#include "config.h"

#include "posix/posix_semop.h"

#include <errno.h>
#include <time.h>

#include "posix/posix_redo.h"
#include "posix/posix_rows.h"
#include "posix/posix_wait.h"
#include "posix/posix_waiters.h"

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
    uint64_t word = PX_GET(px_set_semaphores(t->s)[index].word);
    uint64_t cell = PX_GET(t->row->cells[index]);
    uint32_t epoch = px_word_epoch(word);
    cell = px_cell(px_cell_adjustment(cell, epoch), epoch, cell);
    px_redo_set(t->s, t->count, index, px_word(px_word_value(word), epoch), cell, t->pid);
    return &entries[t->count++];
}

static int adjust(struct px_redo_entry *e, uint32_t epoch, int op)
{
    uint64_t cell = PX_GET(e->cell);
    int adjustment = px_cell_adjustment(cell, epoch) - op;
    if (adjustment < -LIBSHM_SEMAEM - 1 || adjustment > LIBSHM_SEMAEM)
        return ERANGE;
    PX_PUT(e->cell, px_cell(adjustment, epoch, cell));
    return 0;
}

/* One operation; the order of the checks is the kernel's. */
static int try_one(struct scratch *t, const struct shm_backend_sembuf *op)
{
    struct px_redo_entry *e = entry_for(t, op->sem_num);
    uint64_t word = PX_GET(e->word);
    uint32_t epoch = px_word_epoch(word);
    int value = px_word_value(word);
    if (op->sem_op == 0)
        return value == 0 ? 0 : EAGAIN;
    value += op->sem_op;
    if (value < 0)
        return EAGAIN;
    if (value > LIBSHM_SEMVMX)
        return ERANGE;
    if ((op->sem_flg & LIBSHM_SEM_UNDO) && adjust(e, epoch, op->sem_op) != 0)
        return ERANGE;
    PX_PUT(e->word, px_word(value, epoch));
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

static void grant(struct px_set *s, uint32_t number, uint32_t count)
{
    struct px_waiter *w = px_waiter(s, number);
    struct px_change change = {.count = count,
                               .row = PX_GET(w->row),
                               .row_state = PX_ROW_USED,
                               .waiter = number,
                               .otime = (int64_t)time(NULL)};
    px_redo_commit(s, &change);
}

/*
 * From WAITING to GRANTING, after which the sleeper cannot cancel any more. Dead sleepers get
 * nothing: without undo, what they were given would be lost.
 */
static int claim_waiter(struct px_probe *probe, struct px_waiter *w)
{
    uint32_t waiting = PX_WAITER_WAITING;
    return px_row_is_alive(probe, PX_GET(w->row)) &&
           atomic_compare_exchange_strong(&w->state, &waiting, PX_WAITER_GRANTING);
}

/* Tries one sleeper; 1 if it was granted, so that the state has changed. */
static int serve_one(struct px_probe *probe, uint32_t number)
{
    struct px_set *s = probe->set;
    struct px_waiter *w = px_waiter(s, number);
    struct shm_backend_sembuf ops[LIBSHM_SEMOPM];
    size_t nops = px_waiter_ops(s, w, ops);
    uint32_t count;
    struct px_attempt result = px_try(s, PX_GET(w->row), PX_GET(w->pid), ops, nops, &count);
    if (nops == 0)
        result.error = EINVAL;
    if (result.error == ENOSPC)
        return 0; /* only this process cannot reach the sleeper's row: others can */
    if (result.error == EAGAIN && !result.nowait) {
        PX_PUT(w->blocked_on, result.blocked_on);
        PX_PUT(w->blocked_for_zero, (uint16_t)result.for_zero);
        return 0;
    }
    if (!claim_waiter(probe, w)) {
        px_fifo_unlink(s, number);
        px_waiter_free(s, number);
        return 0;
    }
    if (result.error == 0)
        grant(s, number, count);
    else
        px_waiter_finish(s, number, (uint32_t)result.error);
    px_fifo_unlink(s, number);
    px_wake(&w->state, 1);
    return result.error == 0;
}

void px_serve(struct px_set *s)
{
    struct px_probe probe = {.set = s, .fd = -1};
    uint32_t number = 0, next = px_fifo_next(s, 0);
    for (uint32_t steps = 0; next && steps < s->layout.waiters; steps++) {
        number = next;
        next = px_fifo_next(s, number);
        if (serve_one(&probe, number)) {
            next = px_fifo_next(s, 0);
            steps = 0;
        }
    }
    px_probe_end(&probe);
}
