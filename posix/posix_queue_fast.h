/*
 * Sending and receiving without the lock, without blocking signals, without a system call: what needs
 * nobody to be woken, and blocks that this process has.
 */
#ifndef LIBSHM_POSIX_QUEUE_FAST_H
#define LIBSHM_POSIX_QUEUE_FAST_H

#include "posix/posix_queue.h"

/*
 * `depth` is the frame of the call of the contract (posix_queue_fast.c).
 *
 * 1 if it is done; 0 if it takes the lock, or has to be refused: nothing has changed then, and errno has
 * not either.
 */
int px_queue_send_fast(int msqid, const void *message, size_t size, const char *depth);

/*
 * The same of receiving. `received` is the message's size. PX_CALL_SENDERS: it is done, but calls sleep
 * until there is room, and have to be told.
 */
enum { PX_CALL_SENDERS = 2 };
int px_queue_receive_fast(int msqid, void *message, size_t room, long type, int flags,
                          size_t *received, const char *depth);

/*
 * Sees to it that this process has some blocks for the next messages, and not too many. The lock is held.
 */
void px_queue_provide(struct px_set *s);

#endif
