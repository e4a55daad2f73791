/*
 * Sleeping on a 32-bit word that processes share, and waking who sleeps on it.
 *
 * One file for each way of doing it: posix_wait_futex.c.
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

void px_wake(_Atomic uint32_t *word, int sleepers);

/* Nanoseconds on the clock that deadlines are measured by. */
int64_t px_now(void);

#endif
