/*
 * semtimedop, as it mostly goes while there is one thread: one attempt at one operation on a semaphore that
 * nobody waits for, by a process that has operated on the set before. All that is looked at is in registers,
 * and no function is called before the exchange, which waits for whatever was stored before it. Anything
 * else goes the next longer way: posix_single.c, and then posix_semop.c.
 */
#include "config.h"

#include "libshm/backend.h"
#include "posix/posix_borrow.h"
#include "posix/posix_call.h"
#include "posix/posix_process.h"
#include "posix/posix_semop.h"
#include "posix/posix_single.h"
#include "posix/posix_sleep.h"
#include "posix/posix_word.h"

/* Of what comes after: inline, it would have every call save the registers that it needs. */
#define NOT_INLINE __attribute__((noinline))

/*
 * Without undo, where nobody holds an adjustment: the next word is one addition away, of the change and of
 * one to the number.
 */
static inline int change_plain(_Atomic uint64_t *at, int change)
{
    uint64_t word = atomic_load_explicit(at, memory_order_acquire); /* model: O1 */
    uint64_t next;
    return px_word_plainly_changed(word, change, &next) &&
           atomic_compare_exchange_strong(at, &word, next); /* model: O3 */
}

/* With undo, where nobody else holds an adjustment, nor shows an operation. */
static inline int change_own(_Atomic uint64_t *at, _Atomic uint64_t *own, uint32_t row,
                             int change)
{
    uint64_t word = atomic_load_explicit(at, memory_order_acquire);  /* model: O1 */
    uint64_t cell = atomic_load_explicit(own, memory_order_acquire); /* model: O2 */
    uint32_t epoch = px_word_epoch(word), shown = px_word_row(word);
    int before = px_cell_adjustment(cell, epoch), after = before - change;
    unsigned value = (unsigned)(px_word_value(word) + change);
    if (word & (PX_WORD_LOCKED | PX_WORD_AWAITED) || (shown && shown != row) ||
        (shown && px_word_is_pending(word, cell)) || value > LIBSHM_SEMVMX ||
        !px_adjustment_is_valid(after) ||
        px_word_holders(word) != (before ? PX_ONE_HOLDER : PX_NO_HOLDER))
        return 0;
    uint64_t next = px_word_with_holders(px_word_with_value(word, (int)value),
                                         after ? PX_ONE_HOLDER : PX_NO_HOLDER);
    uint64_t done = px_cell(after, epoch, cell);
    next = px_word_with_operation(next, change, row, (uint32_t)px_cell_seq(done));
    if (!atomic_compare_exchange_strong(at, &word, next)) /* model: O3 */
        return 0;
    atomic_compare_exchange_strong(own, &cell, done); /* model: O4 */
    return 1;
}

static inline int change_own_alone(struct px_set *s, uint32_t index, int change)
{
    struct px_row *row = atomic_load_explicit(&s->own, memory_order_acquire);
    if (!row || !PX_GET(row->adjusts) ||
        atomic_load_explicit(&s->undoing, memory_order_relaxed))
        return 0;
    atomic_store_explicit(&s->undoing, 1, memory_order_relaxed);
    atomic_signal_fence(memory_order_seq_cst);
    int done = change_own(px_word_of(s, index), &row->cells[index], s->row, change);
    atomic_signal_fence(memory_order_seq_cst);
    atomic_store_explicit(&s->undoing, 0, memory_order_relaxed);
    return done;
}

static NOT_INLINE int go_on(int semid, const struct shm_backend_sembuf *ops, size_t nops,
                            const struct timespec *timeout)
{
    if (nops == 1 && ops && px_single(semid, ops, timeout))
        return 0;
    return px_semop(semid, ops, nops, timeout);
}

/* The rest of a call whose operation is done. */
static NOT_INLINE int finish(const struct px_set *s, uint32_t index, pid_t pid,
                             struct px_place *place)
{
    px_single_stamp(s, index, pid);
    px_place_count_alone(place, -1);
    return 0;
}

static NOT_INLINE int with_undo(int semid, const struct shm_backend_sembuf *ops, size_t nops,
                                const struct timespec *timeout, struct px_set *s, pid_t pid)
{
    struct px_place *place = px_place_of(PX_SET, semid);
    if (px_single_is_simple(ops) && change_own_alone(s, ops->sem_num, ops->sem_op) &&
        px_pid_known() == pid)
        return finish(s, ops->sem_num, pid, place);
    px_place_count_alone(place, -1);
    return go_on(semid, ops, nops, timeout);
}

static inline int is_open(const struct px_set *s, uint32_t index)
{
    return index < s->layout.nsems && !px_set_is_dead(s) && px_may_operate_as_known(s, 2);
}

/*
 * A handler may fork before an operation is done, and the child come back into it: then this is somebody
 * else, who has done nothing yet.
 */
int shm_backend_semtimedop(int semid, const struct shm_backend_sembuf *ops, size_t nops,
                           const struct timespec *timeout)
{
    pid_t pid = px_pid_known();
    if (!PX_IS_SINGLE_THREADED || pid == 0 || px_sleep_may_be_abandoned() || nops != 1 ||
        !ops || ops->sem_op == 0 || !px_timeout_is_valid(timeout))
        return go_on(semid, ops, nops, timeout);
    struct px_place *place = px_place_of(PX_SET, semid);
    px_place_count_alone(place, 1);
    struct px_set *s = px_place_thing(place, semid);
    if (s && is_open(s, ops->sem_num)) {
        if (ops->sem_flg & LIBSHM_SEM_UNDO)
            return with_undo(semid, ops, nops, timeout, s, pid);
        if (change_plain(px_word_of(s, ops->sem_num), ops->sem_op) && px_pid_known() == pid)
            return finish(s, ops->sem_num, pid, place);
    }
    px_place_count_alone(place, -1);
    return go_on(semid, ops, nops, timeout);
}
