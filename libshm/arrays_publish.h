/*
 * How a partition changes from one version to the next, and how it is read meanwhile.
 *
 * Writer, holding the partition's semaphore, v being the current version:
 *     W0  v = version, and a look at begun              acquire, pairs with W5, given up or not
 *     W1  begun = v + 1                                 relaxed
 *     W2  release fence, and a store fence for streaming stores
 *     W3  write slot (v + 1) & 1 completely
 *     W4  store fence for streaming stores
 *     W5  version = v + 1                               release
 *     W6  give the semaphore back
 * Reader, holding nothing:
 *     R1  v = version                                   acquire, pairs with W5
 *     R2  copy from slot v & 1
 *     R3  acquire fence                                 pairs with W2
 *     R4  b = begun; the copy is version v if and only if b - v <= 1
 *
 * Slot v & 1 is written again by update v + 2 only, whose W1 precedes its W3: a reader that saw
 * any byte of it sees begun >= v + 2 in R4. Streaming stores are not ordered by C's fences:
 * with no store fence at W2 they overtake W1, with none at W4 they are overtaken by W5.
 *
 * Writers are one after the other by the semaphore. That a kernel's semaphore also orders what
 * they store is nowhere written, so W0 does; an update that is given up stores begun = v + 1 once
 * more (release) in place of W4 and W5, and so does a view that ends: what it has read of a slot
 * was read before anybody writes there again.
 *
 * A writer that dies leaves begun = v + 1, which readers accept, and a slot that nobody reads;
 * the next writer repeats v + 1. Nothing is ever written into the current slot.
 */
#ifndef LIBSHM_ARRAYS_PUBLISH_H
#define LIBSHM_ARRAYS_PUBLISH_H

#include "libshm/arrays_private.h"

/* W0 to W2. Returns the current version. */
uint64_t shm_publish_begin(const struct shm_partition *p, bool streaming);

/* W4 and W5. */
void shm_publish_end(const struct shm_partition *p, uint64_t current, bool streaming);

/*
 * In place of W4 and W5, by the holder of the semaphore: what W3 has written is given up, or
 * nothing was written and only read.
 */
void shm_publish_cancel(const struct shm_partition *p);

/* R1. */
uint64_t shm_publish_current(const struct shm_partition *p);

/* R3 and R4, after any part of the copy: whether all of it was version `v` so far. */
bool shm_publish_is_whole(const struct shm_partition *p, uint64_t v);

/* The start of the slot that holds version `v`. */
unsigned char *shm_publish_slot(const struct shm_partition *p, uint64_t v);

#endif
