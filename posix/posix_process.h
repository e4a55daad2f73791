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

/* The pid without a system call; right in a forked child too. */
pid_t px_pid(void);

/* 64 random bits; a forked child never repeats its parent's. */
uint64_t px_random(void);

#endif
