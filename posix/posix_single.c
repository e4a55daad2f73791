#include "config.h"

#include "posix/posix_single.h"

#include "posix/posix_borrow.h"
#include "posix/posix_process.h"
#include "posix/posix_semop.h"
#include "posix/posix_sleep.h"
#include "posix/posix_word.h"

enum outcome { DONE, AGAIN, NEEDS_LOCK };

/* Others' operations are in the way so often only if somebody scribbles. */
enum { ATTEMPTS = 100 };

struct single {
    struct px_set *s;
    struct px_row *row; /* of this process */
    uint32_t index;
    int change, undo;
};

/* The word that the operation leaves; 0 if it is for the lock to do, or to refuse. */
static int leads_to(const struct single *o, uint64_t word, uint64_t cell, uint64_t *next)
{
    int before = px_cell_adjustment(cell, px_word_epoch(word));
    int after = o->undo ? before - o->change : before;
    int value = px_word_value(word) + o->change;
    if (value < 0 || value > LIBSHM_SEMVMX || !px_adjustment_is_valid(after))
        return 0;
    /* An adjustment of others means that a death may have changed the value. */
    if (px_word_holders(word) != (before != 0 ? PX_ONE_HOLDER : PX_NO_HOLDER))
        return 0;
    word = px_word_with_holding(px_word_with_value(word, value), before, after);
    *next = o->undo ? px_word_with_operation(word, o->change, o->s->row,
                                             (uint32_t)px_cell_seq(cell) + 1)
                    : px_word_with_operation(word, 0, 0, 0);
    return 1;
}

/*
 * The word's exchange is the operation. With undo it is only done to the cell afterwards, by us, or by
 * whoever comes to the word next: nobody changes the word before.
 */
static enum outcome attempt(const struct single *o)
{
    _Atomic uint64_t *at = px_word_of(o->s, o->index);
    uint64_t next, word = atomic_load_explicit(at, memory_order_acquire); /* model: O1 */
    if (word & (PX_WORD_LOCKED | PX_WORD_AWAITED))
        return NEEDS_LOCK;
    if (px_word_row(word) && !px_word_help(o->s, o->index, word))
        return AGAIN;
    _Atomic uint64_t *own = &o->row->cells[o->index];
    uint64_t cell = atomic_load_explicit(own, memory_order_acquire); /* model: O2 */
    if (!leads_to(o, word, cell, &next))
        return NEEDS_LOCK;
    if (!atomic_compare_exchange_strong(at, &word, next)) /* model: O3 */
        return AGAIN;
    if (o->undo)
        px_word_help(o->s, o->index, next);
    return DONE;
}

/* Written only if it changes: others look at the same lines. */
static void stamp(const struct single *o)
{
    struct px_semaphore *semaphore = &px_set_semaphores(o->s)[o->index];
    struct px_header *header = px_set_header(o->s);
    int32_t pid = (int32_t)px_pid();
    int64_t now = (int64_t)time(NULL);
    if (PX_GET(semaphore->pid) != pid)
        PX_PUT(semaphore->pid, pid);
    if (PX_GET(header->otime) != now)
        PX_PUT(header->otime, now);
}

static int operate(struct px_set *s, const struct shm_backend_sembuf *op)
{
    struct single o = {s, NULL, op->sem_num, op->sem_op, (op->sem_flg & LIBSHM_SEM_UNDO) != 0};
    if (o.index >= s->layout.nsems || px_set_is_dead(s) || !PX_GET(s->claimed) ||
        !px_may_operate(s, 2))
        return 0;
    o.row = px_row(s, s->row);
    if (!o.row || (o.undo && !PX_GET(o.row->adjusts)))
        return 0;
    enum outcome outcome = AGAIN;
    for (int i = 0; outcome == AGAIN && i < ATTEMPTS; i++)
        outcome = attempt(&o);
    if (outcome != DONE)
        return 0;
    stamp(&o);
    return 1;
}

/* What fits into the word, and changes something: to wait for zero is for the lock. */
static int is_simple(const struct shm_backend_sembuf *op)
{
    return op->sem_op != 0 && op->sem_op >= INT8_MIN && op->sem_op <= INT8_MAX;
}

int px_single(int semid, const struct shm_backend_sembuf *op, const struct timespec *timeout)
{
    pid_t pid = px_pid();
    if (semid < 0 || !op || !is_simple(op) || !px_timeout_is_valid(timeout) ||
        px_sleep_is_abandoned())
        return 0;
    struct px_set *s = px_set_borrow(semid);
    if (!s)
        return 0;
    int done = operate(s, op);
    px_set_give_back(semid);
    /* A handler may have forked in between: then this is a child, which has done nothing yet. */
    return done && px_pid() == pid;
}
