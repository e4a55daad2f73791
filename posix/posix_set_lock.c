#include "config.h"

#include "posix/posix_set_lock.h"

#include <errno.h>

#include "posix/posix_clock.h"
#include "posix/posix_process.h"
#include "posix/posix_repair.h"
#include "posix/posix_rows.h"
#include "posix/posix_semop.h"
#include "posix/posix_wait.h"
#include "posix/posix_word.h"

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

static void claim_if_new(struct px_set *s)
{
    if (s->claimed)
        return;
    px_row_claim(s);
    px_rows_reap(s, NULL, NULL);
}

/* Between two slices: nothing is held, so handlers may run and fatal signals take effect. */
static int breathe(const struct px_patience *p)
{
    if (!p->mask || !px_let_signals_through(p->mask) || !p->interruptible)
        return 0;
    errno = EINTR;
    return -1;
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
        if (px_lock_row(lock) == 0) {
            /* Others may sleep as well: nobody knows, so the next unlock wakes one. */
            if (replace(s, lock, s->lock_word | PX_SLEEPERS)) /* model: L1 */
                return 0;
            continue;
        }
        int64_t left = slice(p->deadline);
        if (left <= 0) {
            errno = EAGAIN;
            return -1;
        }
        if (!(lock & PX_SLEEPERS) && !replace(s, lock, lock | PX_SLEEPERS))
            continue;
        px_wait(word_of(s), lock | PX_SLEEPERS, left);
        lock |= PX_SLEEPERS;
        if (PX_GET(*word_of(s)) == lock && px_set_take_over(s, lock))
            return 0;
        if (breathe(p) != 0)
            return -1;
    }
}

int px_set_lock(struct px_set *s, const struct px_patience *patience)
{
    if (!replace(s, 0, s->lock_word) && lock_slowly(s, patience) != 0) /* model: L1 */
        return -1;
    claim_if_new(s);
    return 0;
}

void px_set_unlock(struct px_set *s)
{
    px_words_unlock(s);
    if (atomic_exchange_explicit(word_of(s), 0, memory_order_release) &
        PX_SLEEPERS) /* model: L4 */
        px_wake(word_of(s), 1);
}
