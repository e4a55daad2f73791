#include "config.h"

#include "posix/posix_single.h"

#include "posix/posix_borrow.h"
#include "posix/posix_call.h"
#include "posix/posix_process.h"
#include "posix/posix_relax.h"
#include "posix/posix_semop.h"
#include "posix/posix_sleep.h"
#include "posix/posix_word.h"

enum outcome { DONE, AGAIN, WOULD_WAIT, NEEDS_LOCK };

/* Others' operations are in the way so often only if somebody scribbles. */
enum { ATTEMPTS = 100 };

struct single {
    struct px_set *s;
    struct px_row *row; /* of this process */
    uint32_t index;
    int change, undo;
};

struct state {
    uint64_t word, cell;
};

/* The state that the operation leaves, DONE; or why there is none. */
static enum outcome leads_to(const struct single *o, const struct state *now,
                             struct state *next)
{
    uint64_t word = now->word;
    uint32_t epoch = px_word_epoch(word);
    int before = px_cell_adjustment(now->cell, epoch);
    int after = o->undo ? before - o->change : before;
    int value = px_word_value(word) + o->change;
    if (value < 0)
        return WOULD_WAIT;
    if (value > LIBSHM_SEMVMX || !px_adjustment_is_valid(after))
        return NEEDS_LOCK;
    /* An adjustment of others means that a death may have changed the value. */
    if (px_word_holders(word) != (before != 0 ? PX_ONE_HOLDER : PX_NO_HOLDER))
        return NEEDS_LOCK;
    word = px_word_with_holding(px_word_with_value(word, value), before, after);
    next->cell = px_cell(after, epoch, now->cell);
    next->word = o->undo ? px_word_with_operation(word, o->change, o->s->row,
                                                  (uint32_t)px_cell_seq(next->cell))
                         : px_word_with_nobody(word);
    return DONE;
}

/*
 * The word's exchange is the operation. With undo it is only done to the cell afterwards, by us, or, if
 * the cell has become another, by somebody who came to the word meanwhile: nobody changes the word before.
 */
static enum outcome attempt(const struct single *o)
{
    _Atomic uint64_t *at = px_word_of(o->s, o->index);
    _Atomic uint64_t *own = &o->row->cells[o->index];
    struct state next,
        now = {.word = atomic_load_explicit(at, memory_order_acquire)}; /* model: O1 */
    if (now.word & (PX_WORD_LOCKED | PX_WORD_AWAITED))
        return NEEDS_LOCK;
    if (px_word_row(now.word) && !px_word_help(o->s, o->index, now.word))
        return AGAIN;
    now.cell = atomic_load_explicit(own, memory_order_acquire); /* model: O2 */
    enum outcome outcome = leads_to(o, &now, &next);
    if (outcome != DONE)
        return outcome;
    if (!atomic_compare_exchange_strong(at, &now.word, next.word)) /* model: O3 */
        return AGAIN;
    if (o->undo)
        atomic_compare_exchange_strong(own, &now.cell, next.cell); /* model: O4 */
    return DONE;
}

/*
 * Who would have to wait looks at the word for a while first: what it waits for may be on its way, and
 * then neither side needs the system. Calls that wait already come first: they have the word marked.
 */
static enum outcome attempt_for_a_while(const struct single *o, int patient)
{
    int attempts = ATTEMPTS, looks = -1;
    enum outcome outcome;
    while ((outcome = attempt(o)) == AGAIN || outcome == WOULD_WAIT) {
        if (outcome == AGAIN && --attempts == 0)
            break;
        if (outcome == AGAIN)
            continue;
        if (looks < 0)
            looks = patient ? px_looks() : 0;
        if (looks-- == 0)
            break;
        px_relax();
    }
    return outcome;
}

/*
 * One thread of a process at a time, and none in its signal handler: two that change one cell could take
 * each other's step for their own, if the word came back to what it was. The other takes the lock.
 */
static int alone(const struct single *o, int patient)
{
    int free = 0;
    if (!atomic_compare_exchange_strong(&o->s->undoing, &free, 1))
        return 0;
    int done = attempt_for_a_while(o, patient) == DONE;
    atomic_store_explicit(&o->s->undoing, 0, memory_order_release);
    return done;
}

static int operate(struct px_set *s, const struct shm_backend_sembuf *op, pid_t pid,
                   int patient)
{
    struct single o = {s, atomic_load_explicit(&s->own, memory_order_acquire), op->sem_num,
                       op->sem_op, (op->sem_flg & LIBSHM_SEM_UNDO) != 0};
    if (!o.row || o.index >= s->layout.nsems || px_set_is_dead(s) || !px_may_operate(s, 2) ||
        (o.undo && !PX_GET(o.row->adjusts)))
        return 0;
    if (!(o.undo ? alone(&o, patient) : attempt_for_a_while(&o, patient) == DONE))
        return 0;
    px_single_stamp(s, o.index, pid);
    return 1;
}

static int may_wait(const struct shm_backend_sembuf *op, const struct timespec *timeout)
{
    return !(op->sem_flg & LIBSHM_IPC_NOWAIT) &&
           (!timeout || timeout->tv_sec != 0 || timeout->tv_nsec != 0);
}

int px_single(int semid, const struct shm_backend_sembuf *op, const struct timespec *timeout)
{
    pid_t pid = px_pid();
    if (semid < 0 || !px_single_is_simple(op) || !px_timeout_is_valid(timeout) ||
        px_sleep_is_abandoned())
        return 0;
    struct px_set *s = px_borrow(PX_SET, semid);
    if (!s)
        return 0;
    int done = operate(s, op, pid, may_wait(op, timeout));
    px_give_back(PX_SET, semid);
    /* A handler may have forked in between: then this is a child, which has done nothing yet. */
    return done && px_pid() == pid;
}
