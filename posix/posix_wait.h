/*
 * Sleeping on a 32-bit word that processes share, and waking who sleeps on it.
 *
 * One file for each way of doing it; configure chooses:
 *   posix_wait_futex.c   the kernel's futexes
 *   posix_wait_poll.c    looking at the word again and again
 */
#ifndef LIBSHM_POSIX_WAIT_H
#define LIBSHM_POSIX_WAIT_H

#include <stdatomic.h>
#include <stdint.h>

/*
 * Sleeps while *word == value, at most timeout_ns. Returns 0 after a wake-up, a change or the
 * timeout alike (the caller looks at the word), or -1 and EINTR after a signal handler ran.
 */
int px_wait(_Atomic uint32_t *word, uint32_t value, int64_t timeout_ns);

/* Wakes at most so many who sleep on the word; without this a change may be noticed later. */
void px_wake(_Atomic uint32_t *word, int sleepers);

#endif
