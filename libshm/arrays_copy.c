/* Copying into a slot or out of an update: through the caches or past them. */
#include "config.h"

#include <string.h>

#include "libshm/arrays_private.h"
#include "libshm/stream.h"

/*
 * Below this, three slots of data are likely to be in some cache, where plain stores win; far
 * above it, streaming stores save the reading of the lines they replace.
 */
size_t shm_arrays_stream_threshold = (size_t)1 << 25;

bool shm_copy_streams(const struct shm_partition *p)
{
    return p->slot_nbytes >= shm_arrays_stream_threshold;
}

void shm_copy(void *to, const void *from, size_t nbytes, bool streaming)
{
    if (nbytes == 0)
        return; /* the pointers of an empty array may be NULL, which memcpy forbids */
    if (streaming)
        shm_stream_copy(to, from, nbytes);
    else
        memcpy(to, from, nbytes);
}
