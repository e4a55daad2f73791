/*
 * What this process knows about itself: its pid, its randomness, the two locks that order its
 * threads, and the signals it must not see while it holds one.
 *
 * Names of posix/ that cross files start with px_.
 *
 * Order of locks, outermost first:
 *   px_store_lock   whoever holds an object's life lock (creation, removal, IPC_SET) holds this
 *                   first, so that a fork never copies a descriptor that carries such a lock
 *   px_table_lock   the tables of attaches and of open sets, and the descriptors that are about
 *                   to become the lock of one of their mappings
 * All signals and cancellation are blocked from before the first lock to after the last unlock: a
 * handler that calls the library would otherwise wait for its own thread, and a cancelled thread
 * would leave everybody waiting.
 */
#ifndef LIBSHM_POSIX_PROCESS_H
#define LIBSHM_POSIX_PROCESS_H

#include <signal.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

/* What a thread could be disturbed by while it holds a lock. */
struct px_mask {
    sigset_t signals;
    int cancel_state;
};

void px_block_signals(struct px_mask *old);
void px_restore_signals(const struct px_mask *old);

/*
 * Lets the signals of `mask` through that are pending: handlers run, fatal ones take effect. 1
 * if a handler ran, and none that did is missed.
 */
int px_let_signals_through(const struct px_mask *mask);

void px_store_lock(struct px_mask *old);
void px_store_unlock(const struct px_mask *old);

/* Signals are blocked already. */
void px_table_lock(void);
void px_table_unlock(void);

/*
 * The kernel zeroes this page in a forked child (MADV_WIPEONFORK), also when the fork ran no
 * handlers: pid 0 means that a fork has to be noticed. Before the page exists, and where the
 * kernel lacks the advice, a static one and the fork handler do the same.
 */
struct px_self {
    _Atomic pid_t pid;
    alignas(8) _Atomic uint64_t random;
};
extern _Atomic(struct px_self *) px_self;

/* Notices the fork, or that this is the first call; errno is as before. */
pid_t px_pid_after_fork(void);

/* The pid; 0 before the first call, and where a fork has yet to be noticed. */
static inline pid_t px_pid_known(void)
{
    struct px_self *self = atomic_load_explicit(&px_self, memory_order_acquire);
    return atomic_load_explicit(&self->pid, memory_order_relaxed);
}

/* The pid without a system call; right in a forked child too. */
static inline pid_t px_pid(void)
{
    pid_t pid = px_pid_known();
    return pid != 0 ? pid : px_pid_after_fork();
}

/* 64 random bits; a forked child never repeats its parent's. */
uint64_t px_random(void);

#endif
