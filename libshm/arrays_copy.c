/* Copying into a slot or out of an update: through the caches or past them. */
#include "config.h"

#include <string.h>

#include "libshm/arrays_private.h"
#include "libshm/stream.h"

/*
 * Below this, what an update reads and writes, three to four times as much, is likely to be in some cache, where
 * plain stores win; above it, streaming stores save the reading of the lines they replace. Measured: as good
 * from 16 MB on where the last cache has 300 MB, better from 5 MB on where it has 32.
 */
size_t shm_arrays_stream_threshold = (size_t)12 << 20;

void shm_copy(void *to, const void *from, size_t nbytes, bool streaming)
{
    if (nbytes == 0)
        return; /* the pointers of an empty array may be NULL, which memcpy forbids */
    if (streaming)
        shm_stream_copy(to, from, nbytes);
    else
        memcpy(to, from, nbytes);
}
