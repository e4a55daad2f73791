/*
 * What this process knows about itself: its pid, its randomness, the two locks that order its
 * threads, and the signals it must not see while it holds one.
 *
 * Names of posix/ that cross files start with px_.
 *
 * Order of locks, outermost first:
 *   px_store_lock    whoever holds an object's life lock (creation, removal, IPC_SET) holds
 * this first, so that a fork never copies a descriptor that carries such a lock px_table_lock
 * the tables of attaches and of open sets, and the descriptors that are about to become the
 * lock of one of their mappings All signals are blocked from before the first lock to after the
 * last unlock: a handler that calls the library would otherwise wait for its own thread.
 */
#ifndef LIBSHM_POSIX_PROCESS_H
#define LIBSHM_POSIX_PROCESS_H

#include <signal.h>
#include <stdint.h>
#include <sys/types.h>

void px_block_signals(sigset_t *old);
void px_restore_signals(const sigset_t *old);

/*
 * Lets the signals of `mask` through that are pending: handlers run, fatal ones take effect. 1
 * if a handler ran, and none that did is missed.
 */
int px_let_signals_through(const sigset_t *mask);

void px_store_lock(sigset_t *old);
void px_store_unlock(const sigset_t *old);

/* Signals are blocked already. */
void px_table_lock(void);
void px_table_unlock(void);

/* The pid without a system call; right in a forked child too. */
pid_t px_pid(void);

/* 64 random bits; a forked child never repeats its parent's. */
uint64_t px_random(void);

#endif
