/*
 * The copy that a reader makes while a writer may be changing what it copies.
 */
#ifndef LIBSHM_RACING_COPY_H
#define LIBSHM_RACING_COPY_H

#include <stddef.h>

/*
 * What was copied while somebody wrote is any mix of bytes: the caller finds out afterwards and
 * throws it away (R4 of arrays_publish.h).
 */
void shm_racing_copy(void *to, const void *from, size_t nbytes);

#endif
