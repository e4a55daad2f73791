#include "config.h"

#include "posix/posix_repair.h"

#include "posix/posix_queue_sweep.h"
#include "posix/posix_redo.h"
#include "posix/posix_rows.h"
#include "posix/posix_semop.h"
#include "posix/posix_waiters.h"

/*
 * The holder died somewhere between taking the lock and giving it back. What it had committed
 * happens; the queue and the counts, which the redo record does not carry, are derived anew.
 */
static void repair(struct px_set *s, uint32_t dead)
{
    px_redo_replay(s); /* model: D1 */
    px_queue_settle(s);
    px_fifo_rebuild(s); /* model: D2 */
    if (dead != s->row)
        px_row_bury(s, dead);
    px_serve(s, PX_ANY);
}

/* Our own row with another tag: the row's byte is ours, so that nobody has ever taken it so. */
static int is_bogus(const struct px_set *s, uint32_t lock)
{
    return px_lock_row(lock) == s->row && (lock & ~PX_SLEEPERS) != s->lock_word;
}

static int holder_is_dead(struct px_set *s, uint32_t holder)
{
    struct px_probe probe = {.set = s, .fd = -1};
    int alive = px_row_is_alive(&probe, holder); /* model: L2 */
    px_probe_end(&probe);
    return !alive;
}

/* Only from the very holder that was found dead: the tag tells it from a later one in its row. */
static int take(struct px_set *s, uint32_t lock)
{
    /* model: L3 */
    return atomic_compare_exchange_strong_explicit(&px_set_control(s)->lock, &lock,
                                                   s->lock_word | PX_SLEEPERS,
                                                   memory_order_acquire, memory_order_relaxed);
}

int px_set_take_over(struct px_set *s, uint32_t lock)
{
    uint32_t holder = px_lock_row(lock);
    if ((!is_bogus(s, lock) && !holder_is_dead(s, holder)) || !take(s, lock))
        return 0;
    repair(s, holder);
    return 1;
}
