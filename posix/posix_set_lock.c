#include "config.h"

#include "posix/posix_set_lock.h"

#include <errno.h>

#include "libshm/fail.h"
#include "posix/posix_process.h"
#include "posix/posix_redo.h"
#include "posix/posix_rows.h"
#include "posix/posix_semop.h"
#include "posix/posix_wait.h"
#include "posix/posix_waiters.h"

/* A waiter looks after this time whether the holder is still alive. */
enum { SLICE_NS = 5000000 };

static _Atomic uint32_t *word_of(struct px_set *s)
{
    return &px_set_control(s)->lock;
}

static int replace(struct px_set *s, uint32_t from, uint32_t to)
{
    return atomic_compare_exchange_strong_explicit(word_of(s), &from, to, memory_order_acquire,
                                                   memory_order_relaxed);
}

/*
 * The holder died somewhere between taking the lock and giving it back. What it had committed
 * happens; the queue and the counts, which the redo record does not carry, are derived anew.
 */
static void repair(struct px_set *s, uint32_t dead)
{
    px_redo_replay(s);
    px_fifo_rebuild(s);
    px_rows_recount(s);
    if (dead != s->row)
        px_row_bury(s, dead);
    px_serve(s);
}

static int holder_is_dead(struct px_set *s, uint32_t holder)
{
    struct px_probe probe = {.set = s, .fd = -1};
    int alive = px_row_is_alive(&probe, holder);
    px_probe_end(&probe);
    return !alive;
}

static int take_over(struct px_set *s, uint32_t lock)
{
    uint32_t holder = lock & ~PX_SLEEPERS;
    if (!holder_is_dead(s, holder) || !replace(s, lock, s->row | PX_SLEEPERS))
        return 0;
    repair(s, holder);
    return 1;
}

/* Between two slices: nothing is held, so handlers may run and fatal signals take effect. */
static int breathe(const struct px_patience *p)
{
    if (!p->mask)
        return 0;
    if (p->interruptible && px_caught_signal_pending(p->mask))
        return shm_fail(EINTR, "a signal arrived while another process held the set's lock");
    sigset_t all;
    px_restore_signals(p->mask);
    px_block_signals(&all);
    return 0;
}

static int64_t slice(int64_t deadline)
{
    int64_t left = deadline == INT64_MAX ? SLICE_NS : deadline - px_now();
    return left < SLICE_NS ? left : SLICE_NS;
}

static int lock_slowly(struct px_set *s, const struct px_patience *p)
{
    for (;;) {
        uint32_t lock = PX_GET(*word_of(s));
        if ((lock & ~PX_SLEEPERS) == 0) {
            /* Others may sleep as well: nobody knows, so the next unlock wakes one. */
            if (replace(s, lock, s->row | PX_SLEEPERS))
                return 0;
            continue;
        }
        int64_t left = slice(p->deadline);
        if (left <= 0)
            return shm_fail(EAGAIN,
                            "another process has held the set's lock until the timeout");
        if (!(lock & PX_SLEEPERS) && !replace(s, lock, lock | PX_SLEEPERS))
            continue;
        px_wait(word_of(s), lock | PX_SLEEPERS, left);
        lock |= PX_SLEEPERS;
        if (PX_GET(*word_of(s)) == lock && take_over(s, lock))
            return 0;
        if (breathe(p) != 0)
            return -1;
    }
}

/* The dead predecessor in our row held the lock; as the row's new owner we hold it now. */
static int inherit(struct px_set *s)
{
    if (!PX_GET(s->inherits_lock) || !atomic_exchange(&s->inherits_lock, 0))
        return 0;
    repair(s, s->row);
    return 1;
}

int px_set_lock(struct px_set *s, const struct px_patience *patience)
{
    if (!inherit(s) && !replace(s, 0, s->row) && lock_slowly(s, patience) != 0)
        return -1;
    if (!s->claimed) {
        px_row_claim(s);
        px_serve(s);
    }
    return 0;
}

void px_set_unlock(struct px_set *s)
{
    if (atomic_exchange_explicit(word_of(s), 0, memory_order_release) & PX_SLEEPERS)
        px_wake(word_of(s), 1);
}
